"""Chinese fonts for PDF: embedded TrueType, with text that can be copied.

reportlab embeds only TrueType (glyf) outlines, and the fonts of pylopdf-fonts-zh-cn are CFF. So
reportlab is given a font of the same characters and widths without outlines, and those of the
characters that a document uses are converted when it is written.
"""

import struct
from collections.abc import Callable, Iterator
from functools import cache, cached_property, lru_cache
from io import BytesIO
from itertools import groupby
from pathlib import Path
from threading import Lock
from typing import Any

import pylopdf_fonts_zh_cn
from django.conf import settings
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.cu2quPen import Cu2QuPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont as FontFile
from fontTools.ttLib.tables.DefaultTable import DefaultTable
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont, TTFontFile

# Greatest distance between the cubic outline and its quadratic approximation, in 1/1000 em.
MAX_ERROR = 0.6
IN_ITS_PLACE = "〓"  # the geta mark: printers' sign for a character that they do not have
SOURCES: dict[str, Callable[[], Path]] = {
    "sans": pylopdf_fonts_zh_cn.sans_path,
    "serif": pylopdf_fonts_zh_cn.serif_path,
}


class Outlines:
    """A CFF font, of whose characters any may be had as TrueType."""

    def __init__(self, path: Path) -> None:
        self._font = FontFile(BytesIO(path.read_bytes()), lazy=True)
        self._glyphs = self._font.getGlyphSet()
        self._drawn: dict[str, Any] = {}
        self.cmap: dict[int, str] = self._font.getBestCmap()

    def _quadratic(self, name: str) -> Any:
        if name not in self._drawn:
            pen = TTGlyphPen(None)
            # TrueType outlines have the opposite direction.
            self._glyphs[name].draw(Cu2QuPen(pen, MAX_ERROR, reverse_direction=True))
            self._drawn[name] = pen.glyph()
        return self._drawn[name]

    def truetype(self, points: set[int]) -> bytes:
        """A TrueType file of these code points, with the tables that reportlab reads."""
        font = self._font
        cmap = {point: self.cmap[point] for point in points & self.cmap.keys()}
        order = list(dict.fromkeys([".notdef", *cmap.values()]))
        builder = FontBuilder(font["head"].unitsPerEm, isTTF=True)
        builder.setupGlyphOrder(order)
        builder.setupCharacterMap(cmap)
        outlines = {name: self._quadratic(name) for name in order}
        builder.setupGlyf(outlines)
        metrics = font["hmtx"].metrics
        builder.setupHorizontalMetrics({name: (metrics[name][0], getattr(outlines[name], "xMin", 0)) for name in order})
        builder.setupHorizontalHeader(ascent=font["hhea"].ascent, descent=font["hhea"].descent)
        names = font["name"]
        builder.setupNameTable(
            {
                "familyName": names.getDebugName(1),
                "styleName": "Regular",
                "psName": names.getDebugName(6),
                "copyright": names.getDebugName(0),
            }
        )
        os2 = font["OS/2"]
        builder.setupOS2(
            sTypoAscender=os2.sTypoAscender,
            sTypoDescender=os2.sTypoDescender,
            usWinAscent=os2.usWinAscent,
            usWinDescent=os2.usWinDescent,
            sCapHeight=os2.sCapHeight,
            usWeightClass=os2.usWeightClass,
            fsType=os2.fsType,
        )
        builder.setupPost(keepGlyphNames=False)
        # The same characters give the same bytes, at any time.
        builder.font.recalcTimestamp = False
        builder.updateHead(created=font["head"].created, modified=font["head"].modified)
        file = BytesIO()
        builder.save(file)
        return file.getvalue()


def without_outlines(font: FontFile) -> bytes:
    """A TrueType file of the same characters and widths, whose glyphs are all empty. Its tables are copied unread: to read
    those of 30,000 characters takes a second.
    """
    count = font["maxp"].numGlyphs
    tables = {tag: font.reader[tag] for tag in ("cmap", "head", "hhea", "hmtx", "name", "OS/2", "post")}
    tables["head"] = tables["head"][:50] + bytes(2) + tables["head"][52:]  # short offsets in `loca`
    tables["maxp"] = struct.pack(">IH26x", 0x00010000, count)
    tables["loca"] = bytes(2 * (count + 1))
    tables["glyf"] = b""
    made = FontFile(sfntVersion="\x00\x01\x00\x00")
    made.recalcTimestamp = False
    for tag, data in tables.items():
        made[tag] = DefaultTable(tag)
        made[tag].data = data
    file = BytesIO()
    made.save(file)
    return file.getvalue()


class PaperFont(TTFont):
    """A font whose used characters are embedded as TrueType, with a ToUnicode map that is right for
    every one of them.

    reportlab 5.1 writes a code point above U+FFFF as five hex digits, where PDF wants UTF-16 (so 𬭚
    is copied as rubbish), and puts up to 256 entries in a block that may hold 100. So its map is
    replaced after it is made.
    """

    def __init__(self, name: str, path: Path) -> None:
        with FontFile(path, lazy=True) as font:
            is_cff = "CFF " in font
            file = BytesIO(without_outlines(font)) if is_cff else str(path)
        # Not asciiReadable: only the letters that are used go into the file.
        super().__init__(name, file, asciiReadable=False)
        if is_cff:
            outlines = cache(lambda: Outlines(path))  # read when the first document is written
            self.face.makeSubset = lambda subset: TTFontFile(BytesIO(outlines().truetype(set(subset)))).makeSubset(
                subset
            )
        # Both kinds of face read at a position of their own, and the web has several threads.
        self._lock = Lock()

    def addObjects(self, doc: Any) -> None:
        subsets = [list(subset) for subset in self.state[doc].subsets]
        known = set(doc.idToObject)
        with self._lock:
            super().addObjects(doc)
        made = [key for key in doc.idToObject if key not in known and key.startswith("toUnicodeCMap:")]
        for key, subset in zip(made, subsets, strict=True):
            doc.idToObject[key].content = to_unicode_cmap(subset)


def to_unicode_cmap(subset: list[int]) -> str:
    """The ToUnicode CMap of a one-byte font: `subset[code]` is the code point, 0 where there is
    none.
    """
    pairs = [
        f"<{code:02X}> <{chr(point).encode('utf-16-be').hex().upper()}>" for code, point in enumerate(subset) if point
    ]
    blocks = [pairs[i : i + 100] for i in range(0, len(pairs), 100)]
    return "\n".join(
        [
            "/CIDInit /ProcSet findresource begin",
            "12 dict begin",
            "begincmap",
            "/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def",
            "/CMapName /Adobe-Identity-UCS def",
            "/CMapType 2 def",
            "1 begincodespacerange",
            "<00> <FF>",
            "endcodespacerange",
            *(line for block in blocks for line in (f"{len(block)} beginbfchar", *block, "endbfchar")),
            "endcmap",
            "CMapName currentdict /CMap defineresource pop",
            "end",
            "end",
        ]
    )


class FontChain:
    """Fonts tried in order for each character.

    Later fonts are loaded only when needed.
    """

    def __init__(self, *loaders: Callable[[], PaperFont]) -> None:
        self._loaders = loaders
        self._loaded: list[PaperFont] = []
        self._chosen: dict[str, PaperFont | None] = {}

    @cached_property
    def first(self) -> PaperFont:
        return next(self._fonts())

    def _fonts(self) -> Iterator[PaperFont]:
        for i, load in enumerate(self._loaders):
            if i == len(self._loaded):
                self._loaded.append(load())
            yield self._loaded[i]

    def font_for(self, char: str) -> PaperFont | None:
        """The first font that has the character; None where no font has it."""
        if char not in self._chosen:
            self._chosen[char] = next((f for f in self._fonts() if ord(char) in f.face.charToGlyph), None)
        return self._chosen[char]

    def missing(self, text: str) -> str:
        """The characters of the text that no font has."""
        return "".join(dict.fromkeys(char for char in text if self.font_for(char) is None))

    def runs(self, text: str) -> list[tuple[PaperFont, str]]:
        """The text split where the font changes; a character that no font has is drawn as IN_ITS_PLACE."""
        if self.missing(text):
            text = "".join(char if self.font_for(char) else IN_ITS_PLACE for char in text)
        return [(font or self.first, "".join(chars)) for font, chars in groupby(text, key=self.font_for)]

    def width(self, text: str, size: float) -> float:
        """The width of the text in points, at a font size in points."""
        return sum(font.stringWidth(run, size) for font, run in self.runs(text))


def installed_fonts(first: str = "sans") -> FontChain:
    """The fonts of this installation.

    TUCAI_EXTRA_FONTS names TrueType files for characters that the package lacks.
    """
    return _chain(first, tuple(Path(path) for path in settings.EXTRA_FONTS))


@lru_cache
def _chain(first: str, extra: tuple[Path, ...]) -> FontChain:
    order = [first, *(name for name in SOURCES if name != first)]
    packaged = [lambda name=name: _load(f"Tucai-{name}", SOURCES[name]()) for name in order]
    return FontChain(*packaged, *(lambda path=path: _load(f"Tucai-{path.stem}", path) for path in extra))


@lru_cache
def _load(name: str, path: Path) -> PaperFont:
    font = PaperFont(name, path)
    pdfmetrics.registerFont(font)
    return font


@lru_cache
def covered_code_points() -> frozenset[int]:
    """The code points that at least one font of this installation has.

    Reads only the fonts' character maps.
    """
    files = [source() for source in SOURCES.values()] + [Path(path) for path in settings.EXTRA_FONTS]
    return frozenset().union(*(_characters(path) for path in files))


def _characters(path: Path) -> set[int]:
    with FontFile(path, lazy=True) as font:
        return set(font.getBestCmap())
