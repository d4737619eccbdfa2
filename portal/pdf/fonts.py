"""Chinese fonts for PDF: embedded TrueType, with text that can be copied.

reportlab embeds only TrueType (glyf) outlines, and the fonts of pylopdf-fonts-zh-cn are CFF. So
each font is converted once on every machine (about 15 seconds) and the result is kept in the data
folder.
"""

import fcntl
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property, lru_cache
from importlib.metadata import version
from itertools import groupby
from pathlib import Path
from typing import Any

import pylopdf_fonts_zh_cn
from django.conf import settings
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.cu2quPen import Cu2QuPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont as FontFile
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

# Part of the converted file's name. Increase it when the conversion changes.
CONVERSION = 1
# Greatest distance between the cubic outline and its quadratic approximation, in 1/1000 em.
MAX_ERROR = 0.6
SOURCES: dict[str, Callable[[], Path]] = {
    "sans": pylopdf_fonts_zh_cn.sans_path,
    "serif": pylopdf_fonts_zh_cn.serif_path,
}


class PaperFont(TTFont):
    """A subset TrueType font whose ToUnicode map is right for every character.

    reportlab 5.1 writes a code point above U+FFFF as five hex digits, where PDF wants UTF-16 (so 𬭚
    is copied as rubbish), and puts up to 256 entries in a block that may hold 100. So its map is
    replaced after it is made.
    """

    def addObjects(self, doc: Any) -> None:
        subsets = [list(subset) for subset in self.state[doc].subsets]
        known = set(doc.idToObject)
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

    Later fonts are converted and loaded only when needed.
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

    def prepare(self) -> None:
        """Convert and load every font of the chain."""
        for _font in self._fonts():
            pass

    def missing(self, text: str) -> str:
        """The characters of the text that no font has."""
        return "".join(dict.fromkeys(char for char in text if self.font_for(char) is None))

    def runs(self, text: str) -> list[tuple[PaperFont, str]]:
        """The text split where the font changes."""
        return [(font or self.first, "".join(chars)) for font, chars in groupby(text, key=self.font_for)]

    def width(self, text: str, size: float) -> float:
        """The width of the text in points, at a font size in points."""
        return sum(font.stringWidth(run, size) for font, run in self.runs(text))


def installed_fonts(first: str = "sans") -> FontChain:
    """The fonts of this installation.

    TUCAI_EXTRA_FONTS names TrueType files for characters that the package lacks.
    """
    return chain(settings.DATA_DIR / "fonts", first=first, extra=tuple(Path(path) for path in settings.EXTRA_FONTS))


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


def chain(cache_dir: Path, *, first: str = "sans", extra: tuple[Path, ...] = ()) -> FontChain:
    """The font `first` (sans or serif), then the other one, then the operator's own TrueType files."""
    return _chain(Path(cache_dir), first, tuple(Path(path) for path in extra))


@lru_cache
def _chain(cache_dir: Path, first: str, extra: tuple[Path, ...]) -> FontChain:
    order = [first, *(name for name in SOURCES if name != first)]
    packaged = [lambda name=name: _load(f"Tucai-{name}", truetype(name, cache_dir)) for name in order]
    return FontChain(*packaged, *(lambda path=path: _load(f"Tucai-{path.stem}", path) for path in extra))


def _load(name: str, path: Path) -> PaperFont:
    # Not asciiReadable: only the letters that are used go into the file.
    font = PaperFont(name, str(path), asciiReadable=False)
    pdfmetrics.registerFont(font)
    return font


def truetype(name: str, cache_dir: Path) -> Path:
    """The path of the converted font. The first process converts it while the others wait."""
    target = Path(cache_dir) / f"{name}-{version('pylopdf-fonts-zh-cn')}-{CONVERSION}.ttf"
    if target.exists():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with _file_lock(target.with_suffix(".lock")):
        if not target.exists():
            draft = target.with_suffix(f".{os.getpid()}")
            # In a separate process: 31,000 outlines take 450 MB, which a long-lived worker would
            # never release.
            command = [sys.executable, "-m", __name__, str(SOURCES[name]()), str(draft)]
            subprocess.run(command, check=True, cwd=Path(__file__).parents[2])
            draft.replace(target)
    return target


@contextmanager
def _file_lock(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def convert(source: Path, target: Path) -> None:
    """Write a CFF font as TrueType, with only the glyphs of its character map and the tables that
    reportlab reads.
    """
    font = FontFile(source, lazy=True)
    cmap = font.getBestCmap()
    wanted = {".notdef", *cmap.values()}
    order = [name for name in font.getGlyphOrder() if name in wanted]
    glyphs = font.getGlyphSet()
    builder = FontBuilder(font["head"].unitsPerEm, isTTF=True)
    builder.setupGlyphOrder(order)
    builder.setupCharacterMap(cmap)
    outlines = {name: _quadratic(glyphs[name]) for name in order}
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
    builder.save(target)


def _quadratic(glyph: Any) -> Any:
    pen = TTGlyphPen(None)
    # TrueType outlines have the opposite direction.
    glyph.draw(Cu2QuPen(pen, MAX_ERROR, reverse_direction=True))
    return pen.glyph()


if __name__ == "__main__":
    convert(Path(sys.argv[1]), Path(sys.argv[2]))
