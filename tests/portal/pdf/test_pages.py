"""The paper of the office: nothing leaves its margins, and what is long is still read."""

import pypdfium2
import pytest
from reportlab.lib.units import mm

from portal.pdf.fonts import installed_fonts
from portal.pdf.pages import HEIGHT, MARGIN, WIDTH, Pages
from portal.pdf.paper import document

COLUMNS = (("学号", 0, 30), ("专业", 30, 40))


@pytest.fixture
def drawn(tmp_path):
    """[(text, left and right in mm, height of a letter)] of the lines of a page."""

    def draw(title, major, heading="软件2301班"):
        path = tmp_path / "a.pdf"
        with document(path, fonts=installed_fonts(), width=WIDTH, height=HEIGHT, title="a", author="a") as canvas:
            pages = Pages(canvas, installed_fonts(), title)
            pages.heading(heading)
            pages.row(("2023001", major), COLUMNS, height=8, size=9)
            pages.end()
        text = pypdfium2.PdfDocument(path)[0].get_textpage()
        boxes = [text.get_rect(n) for n in range(text.count_rects())]
        return [(text.get_text_bounded(*box), box[0] / mm, box[2] / mm, (box[3] - box[1])) for box in boxes]

    return draw


def test_a_long_title_breaks_where_it_may_and_stays_inside(drawn):
    school = "江苏省苏州工业园区国际信息与先进制造职业技术应用学院"
    lines = drawn(f"{school}\n毕业生图像信息核对表", "软件工程", heading=f"{school} " * 3)
    assert [line[0] for line in lines[:2]] == [school, "毕业生图像信息核对表"]
    assert all(left >= MARGIN - 0.5 and right <= WIDTH - MARGIN + 0.5 for _text, left, right, _height in lines)
    assert drawn("甲校\n核对表", "软件工程")[0][0] == "甲校核对表"


def test_a_long_cell_stands_in_two_lines_in_its_column(drawn):
    major = "马克思主义理论与中国特色社会主义思想政治教育（师范）"
    cells = [line for line in drawn("核对表", major) if line[0] in major]
    assert "".join(line[0] for line in cells) == major
    assert len(cells) == 2
    assert all(right <= MARGIN + 30 + 40 for _text, _left, right, _height in cells)
