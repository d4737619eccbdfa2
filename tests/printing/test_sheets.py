"""The sheet on paper: millimetres as poppler draws them, words as people copy them."""

import hashlib
from contextlib import nullcontext

import numpy as np
import pypdf
import pytest

from printing.layout import sheet_for
from printing.sheets import Unprintable, build_volumes
from tests.support.school_papers import HEADER, picture, rendered, sheet_student, text_of

MM = 300 / 25.4


def build(students, tmp_path, fonts, jpeg, **options):
    options = {"layout": sheet_for(5), "reading": lambda names: nullcontext(lambda name: jpeg)} | options
    return list(build_volumes(students, header=HEADER, directory=tmp_path, fonts=fonts, **options))


@pytest.fixture
def sheet(tmp_path, fonts, jpeg):
    """Three students of one class on one page."""
    steps = build([sheet_student(n) for n in (3, 1, 2)], tmp_path, fonts, jpeg)
    return steps[-1].volume.path


def reds(pixels):
    r, g, b = pixels[..., 0], pixels[..., 1], pixels[..., 2]
    return (r > 170) & (g < 90) & (b < 90)


def spans(mask):
    """Begin and end (mm) of the runs of True."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], mask.astype(int), [0]))))
    return [(a / MM, b / MM) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def test_page_is_a4(sheet):
    page = pypdf.PdfReader(sheet).pages[0]
    assert [round(float(n) / 72 * 25.4, 2) for n in page.mediabox[2:]] == [210, 297]


def test_images_lie_where_the_layout_says_to_a_tenth_of_a_millimetre(sheet):
    found = reds(rendered(sheet))
    layout = sheet_for(5)
    across = spans(found[int((layout.top + 5) * MM)])
    down = spans(found[:, int((layout.left + 5) * MM)])
    wanted_across = [(layout.image(0, c).left, layout.image(0, c).right) for c in range(5)]
    wanted_down = [(layout.image(p, 0).top, layout.image(p, 0).bottom) for p in range(3)]
    assert np.abs(np.array(across) - wanted_across).max() < 0.15
    assert np.abs(np.array(down) - wanted_down).max() < 0.15


def test_cut_lines_run_round_every_photo_and_under_every_image(sheet):
    pixels = rendered(sheet)
    magenta = (pixels[..., 0] > 180) & (pixels[..., 1] < 150) & (pixels[..., 2] > 90) & (pixels[..., 2] < 200)
    layout = sheet_for(5)
    photo = layout.photo(1, 2)
    caption_middle = (photo.top + layout.image_height + photo.bottom) / 2
    row = magenta[int(caption_middle * MM) - 12 : int(caption_middle * MM) + 12].sum(axis=0) > 8
    verticals = [(a + b) / 2 for a, b in spans(row)]
    wanted = [edge for c in range(5) for edge in (layout.photo(1, c).left, layout.photo(1, c).right)]
    assert verticals == pytest.approx(wanted, abs=0.15)
    left = int((photo.left + 10) * MM)
    column = magenta[:, left : left + 24].sum(axis=1) > 12
    horizontals = [(a + b) / 2 for a, b in spans(column)]
    wanted = [
        e for p in range(3) for e in (layout.photo(p, 2).top, layout.image(p, 2).bottom, layout.photo(p, 2).bottom)
    ]
    assert horizontals == pytest.approx(wanted, abs=0.15)


def test_cut_colour_is_a_separation_named_cutcontour_that_overprints(sheet):
    resources = pypdf.PdfReader(sheet).pages[0]["/Resources"]
    kind, name, base, tint = resources["/ColorSpace"]["/CutContour"]
    assert (kind, name, base) == ("/Separation", "/CutContour", "/DeviceCMYK")
    assert tint["/FunctionType"] == 2
    assert any(state.get_object().get("/OP") for state in resources["/ExtGState"].values())
    content = pypdf.PdfReader(sheet).pages[0].get_contents().get_data().decode()
    assert content.count("/CutContour CS") == 1
    assert content.count(" re\n") + content.count(" re ") >= 15


def test_captions_hold_the_lines_of_the_notice_in_order_five_times(sheet):
    text = text_of(sheet, "-raw")
    wanted = "湖滨大学\n软件工程\n软件2301 S000001\n320102200102030001\n李一\n"
    assert text.count(wanted) == 5


def test_students_stand_in_the_order_of_their_numbers(sheet):
    text = text_of(sheet, "-raw")
    places = [text.index(f"软件2301 S00000{n}") for n in (1, 2, 3)]
    assert places == sorted(places)


def test_order_is_college_major_class_number(tmp_path, fonts, jpeg):
    students = [
        sheet_student(1, college="乙"),
        sheet_student(2, college="甲", major="乙"),
        sheet_student(3, college="甲", major="丁", class_name="2"),
        sheet_student(5, college="甲", major="丁", class_name="1"),
        sheet_student(4, college="甲", major="丁", class_name="1"),
    ]
    volume = build(students, tmp_path, fonts, jpeg)[-1].volume
    assert [group[0].student_no for group in volume.groups] == ["S000001", "S000004", "S000003", "S000002"]
    assert (volume.first.student_no, volume.last.student_no) == ("S000001", "S000002")
    assert volume.pages == 2
    text = text_of(volume.path)
    assert "乙 · 软件工程 · 软件2301" in text
    assert "甲 · 1 至 软件2301" in text


def test_jpeg_bytes_pass_through_unchanged_and_once(sheet, jpeg):
    images = [
        o
        for i in range(1, 200)
        if (o := pypdf.PdfReader(sheet).get_object(i)) is not None
        and getattr(o, "get", lambda _: None)("/Subtype") == "/Image"
    ]
    assert len(images) == 3
    for image in images:
        assert image["/Filter"] in ("/DCTDecode", ["/DCTDecode"])
        assert hashlib.sha256(image._data).digest() == hashlib.sha256(jpeg).digest()


def test_pdf_weighs_little_more_than_its_pictures(tmp_path, fonts):
    heavy = picture(quality=82)
    assert 25_000 < len(heavy) < 45_000
    students = [sheet_student(n, name=chr(0x4E00 + n) + chr(0x5200 + n)) for n in range(40)]
    volume = build(students, tmp_path, fonts, heavy)[-1].volume
    assert volume.path.stat().st_size <= 1.08 * 40 * len(heavy)


def test_same_students_give_the_same_bytes(tmp_path, fonts, jpeg):
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir(), two.mkdir()
    students = [sheet_student(n) for n in range(6)]
    first = build(students, one, fonts, jpeg)[-1].volume
    again = build(list(reversed(students)), two, fonts, jpeg)[-1].volume
    assert first.path.read_bytes() == again.path.read_bytes()


def test_volumes_split_at_the_limit_and_progress_is_told(tmp_path, fonts, jpeg):
    steps = build([sheet_student(n) for n in range(22)], tmp_path, fonts, jpeg, limit=10)
    assert [step.done for step in steps] == [4, 8, 12, 16, 20, 22]
    volumes = [step.volume for step in steps if step.volume]
    assert [(v.number, v.students, v.pages, v.path.name) for v in volumes] == [
        (1, 8, 2, "sheets-001.pdf"),
        (2, 8, 2, "sheets-002.pdf"),
        (3, 6, 2, "sheets-003.pdf"),
    ]
    assert "第2册/共3册" in text_of(volumes[1].path)
    assert not list(tmp_path.glob(".*"))


def test_page_head_says_school_class_and_range(sheet):
    text = text_of(sheet, "-layout")
    assert "第1册/共1册" in text
    assert "第1页/共1页" in text
    assert "信息学院 · 软件工程 · 软件2301" in text
    assert "学号 S000001 至 S000003" in text


def test_character_without_glyph_stops_before_anything_is_written(tmp_path, fonts, jpeg):
    with pytest.raises(Unprintable) as caught:
        build([sheet_student(1), sheet_student(2, name="李𠮷")], tmp_path, fonts, jpeg)
    ((student, characters),) = caught.value.problems
    assert (student.student_no, characters) == ("S000002", "𠮷")
    assert list(tmp_path.iterdir()) == []


def test_portraits_are_asked_for_in_the_order_in_which_they_are_drawn(tmp_path, fonts, jpeg):
    """So that a bucket gives the next ones meanwhile (`files.reading_ahead`)."""
    told, asked = [], []

    def reading(names):
        told.extend(names)
        return nullcontext(lambda name: asked.append(name) or jpeg)

    build([sheet_student(n) for n in (3, 1, 2)], tmp_path, fonts, jpeg, reading=reading, limit=2)
    assert asked == told == ["1.jpg", "2.jpg", "3.jpg"]


@pytest.mark.parametrize("content", [None, b"not a picture"])
def test_portrait_missing_or_broken_names_the_student(tmp_path, fonts, jpeg, content):
    def read(name):
        if name != "2.jpg":
            return jpeg
        if content is None:
            raise FileNotFoundError(name)
        return content

    with pytest.raises(Unprintable) as caught:
        build([sheet_student(1), sheet_student(2)], tmp_path, fonts, jpeg, reading=lambda names: nullcontext(read))
    assert caught.value.problems[0][0].student_no == "S000002"
    assert list(tmp_path.iterdir()) == []


def test_longest_words_stay_inside_their_photo(tmp_path, fonts, jpeg):
    student = sheet_student(
        1,
        school="示范信息工程与智能制造职业技术大学滨湖国际合作教育学院东校区",
        major="电子信息科学与技术（中外合作办学物联网与智能制造方向）试验",
        class_name="电子信息科学与技术中外合作班2301",
        name="买买提艾力·阿卜杜热合曼",
    )
    path = build([student], tmp_path, fonts, jpeg)[-1].volume.path
    pixels = rendered(path)
    layout = sheet_for(5)
    first, second = layout.photo(0, 0), layout.photo(0, 1)
    gap = pixels[
        int((first.top + layout.image_height) * MM) : int(first.bottom * MM),
        int((first.right + 0.3) * MM) : int((second.left - 0.3) * MM),
    ]
    assert gap.min() > 250
    text = text_of(path, "-raw")
    assert text.count("\n买买提艾力·阿卜杜热合曼\n") == 5
