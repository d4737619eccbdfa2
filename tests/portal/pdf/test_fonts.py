from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import numpy as np
import pypdf
import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont
from PIL import Image, ImageDraw, ImageFont
from reportlab.pdfbase.ttfonts import makeToUnicodeCMap

from portal.pdf.fonts import SOURCES, Outlines, covered_code_points, installed_fonts, to_unicode_cmap
from portal.pdf.paper import document, draw_text
from tests.support.school_papers import rendered, text_of

RARE = "𬭚䶮㛃"


@pytest.fixture
def written(fonts, tmp_path):
    """A page with the rare characters, at 60 points."""
    path = tmp_path / "rare.pdf"
    with document(path, fonts=fonts, width=100, height=40, title="t", author="a") as canvas:
        draw_text(canvas, fonts, f"王{RARE}·A", 10, 40, 40)
        canvas.showPage()
    return path


def test_reportlab_writes_a_wrong_map_above_ffff_which_is_why_ours_stands_in():
    assert "<01> <2CB5A>" in makeToUnicodeCMap("F", [0, 0x2CB5A])
    assert "<01> <D872DF5A>" in to_unicode_cmap([0, 0x2CB5A])


def test_map_holds_at_most_100_entries_a_block():
    lines = to_unicode_cmap([0, *range(0x4E00, 0x4E00 + 250)]).splitlines()
    assert [line for line in lines if line.endswith("beginbfchar")] == [
        "100 beginbfchar",
        "100 beginbfchar",
        "50 beginbfchar",
    ]


def test_rare_characters_can_be_copied_with_poppler_and_pypdf(written):
    assert f"王{RARE}·A" in text_of(written)
    assert f"王{RARE}·A" in pypdf.PdfReader(written).pages[0].extract_text()


def test_rare_characters_are_drawn_and_are_no_boxes(written, fonts, tmp_path):
    box = tmp_path / "box.pdf"
    with document(box, fonts=fonts, width=100, height=40, title="t", author="a") as canvas:
        draw_text(canvas, fonts, "王\ue000\ue000\ue000·A", 10, 40, 40)
        canvas.showPage()
    ink = (rendered(written, dpi=100) < 128).any(axis=2)
    empty = (rendered(box, dpi=100) < 128).any(axis=2)
    for i in range(1, 4):
        left = int((10 + 40 * i) / 72 * 100)
        cell, other = ink[:, left : left + 55], empty[:, left : left + 55]
        assert cell.sum() > 250
        assert (cell != other).sum() > 250


def test_fonts_are_embedded_truetype_subsets(written):
    fonts = pypdf.PdfReader(written).pages[0]["/Resources"]["/Font"]
    assert len(fonts) == 1
    for font in fonts.values():
        font = font.get_object()
        assert font["/Subtype"] == "/TrueType"
        assert "+NotoSansSC" in font["/BaseFont"]
        assert font["/FontDescriptor"]["/FontFile2"].get_data()[:4] == b"\x00\x01\x00\x00"


def test_a_converted_glyph_keeps_its_width_and_its_shape():
    """FreeType draws the CFF source and the TrueType file of the same characters."""
    outlines, text = Outlines(SOURCES["sans"]()), "永中王A"
    made = BytesIO(outlines.truetype(set(map(ord, text))))
    with TTFont(made) as font, TTFont(SOURCES["sans"]()) as source:
        assert font.getBestCmap().keys() == set(map(ord, text))
        assert "glyf" in font
        assert "CFF " not in font
        for char in text:
            name, origin = font.getBestCmap()[ord(char)], source.getBestCmap()[ord(char)]
            assert font["hmtx"][name][0] == source["hmtx"][origin][0]
    for char in text:
        ours, theirs = (drawn(char, file) for file in (BytesIO(made.getvalue()), SOURCES["sans"]()))
        assert np.abs(ours - theirs).mean() < 0.01  # FreeType hints only the source
        assert theirs.mean() > 0.04


def drawn(char: str, font) -> np.ndarray:
    """A character of 400 pixels a side, 0 for paper and 1 for ink, without hints."""
    page = Image.new("L", (440, 520))
    face = ImageFont.truetype(font, 400, layout_engine=ImageFont.Layout.BASIC)
    ImageDraw.Draw(page).text((20, 20), char, 255, face)
    return np.asarray(page) / 255


def test_every_character_of_the_source_may_be_asked_for(fonts):
    with TTFont(SOURCES["sans"]()) as source:
        assert fonts.first.face.charToGlyph.keys() - {0xA0} == source.getBestCmap().keys() - {0xA0}


def test_missing_names_characters_that_no_font_has(fonts):
    assert fonts.missing("王𠮷一\u200b") == "𠮷\u200b"


def test_a_mark_is_drawn_for_a_character_that_no_font_has(fonts):
    assert "".join(run for _font, run in fonts.runs("王𠮷一")) == "王〓一"
    assert fonts.width("𠮷", 10) == fonts.width("〓", 10)


def test_serif_stands_in_for_what_sans_lacks(fonts):
    sans, serif = fonts.first, installed_fonts("serif").first
    only_serif = next(c for c in sorted(serif.face.charToGlyph) if c > 0x3400 and c not in sans.face.charToGlyph)
    runs = fonts.runs(f"一{chr(only_serif)}")
    assert [font.fontName for font, _ in runs] == ["Tucai-sans", "Tucai-serif"]


@pytest.fixture
def extra_font(tmp_path, settings):
    """The operator's own font, which has one character: 𠮷."""
    pen = TTGlyphPen(None)
    pen.moveTo((100, 0))
    for point in ((100, 700), (900, 700), (900, 0)):
        pen.lineTo(point)
    pen.closePath()
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder([".notdef", "yoshi"])
    builder.setupCharacterMap({0x20BB7: "yoshi"})
    builder.setupGlyf({".notdef": TTGlyphPen(None).glyph(), "yoshi": pen.glyph()})
    builder.setupHorizontalMetrics({".notdef": (1000, 0), "yoshi": (1000, 100)})
    builder.setupHorizontalHeader(ascent=880, descent=-120)
    builder.setupNameTable({"familyName": "Own", "styleName": "Regular", "psName": "Own-Regular"})
    builder.setupOS2(sTypoAscender=880, sTypoDescender=-120, usWinAscent=880, usWinDescent=120)
    builder.setupPost(keepGlyphNames=False)
    builder.save(tmp_path / "own.ttf")
    settings.EXTRA_FONTS = [str(tmp_path / "own.ttf")]
    covered_code_points.cache_clear()
    yield
    covered_code_points.cache_clear()


def test_operator_s_own_font_fills_a_gap(extra_font, tmp_path):
    chain = installed_fonts()
    assert 0x20BB7 in covered_code_points()
    assert chain.missing("李𠮷") == ""
    path = tmp_path / "own.pdf"
    with document(path, fonts=chain, width=60, height=30, title="t", author="a") as canvas:
        draw_text(canvas, chain, "李𠮷", 10, 20, 30)
        canvas.showPage()
    assert "李𠮷" in text_of(path)


def test_documents_of_several_threads_have_the_outlines_of_their_own_text(tmp_path):
    """The web has several threads and one set of fonts."""
    texts = [f"王{RARE}·A", "李林浩然", "张永中国", "测试文字样张"] * 3

    def write(number: int) -> str:
        path = tmp_path / f"{number}.pdf"
        with document(path, fonts=installed_fonts(), width=100, height=40, title="t", author="a") as canvas:
            draw_text(canvas, installed_fonts(), texts[number], 10, 40, 10)
            canvas.showPage()
        return text_of(path).strip()

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(write, range(len(texts)))) == texts
