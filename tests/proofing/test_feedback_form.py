from datetime import date

import pypdf
import pytest

from portal.pdf.fonts import installed_fonts
from portal.pdf.paper import wrap
from proofing.feedback_form import FeedbackFormData, write_feedback_form
from tests.support.school_papers import text_of

BASE = {
    "center": "示范省高校招生就业指导服务中心",
    "center_short": "省招就中心",
    "school": "湖滨大学",
    "class_year": 2023,
    "season_year": 2022,
    "number": "2022-10001",
}


@pytest.fixture(scope="module")
def serif():
    return installed_fonts("serif")


def flat(path) -> str:
    return "".join(text_of(path).split())


def test_blank_form_has_the_notice_s_words(tmp_path, serif):
    text = flat(write_feedback_form(FeedbackFormData(**BASE), tmp_path / "f.pdf", fonts=serif))
    for words in (
        "电子图像校对反馈表",
        "示范省高校招生就业指导服务中心：",
        "我单位已于年月日收到2023届毕业生电子图像共人，经校对全部电子照片确认无误。",
        "对此次图像采集的照片质量评价（请打√）：□满意；□比较满意；□不满意；",
        "对省招就中心今年的电子图像采集工作评价（请打√）：□满意；□比较满意；□不满意。",
        "意见和建议：",
        "学校经办人：；联系电话：；",
        "单位（盖章）：湖滨大学",
        "2022年月日",
        (
            "（请将盖章后的此表寄送我中心或以PDF格式发送到我中心相关联系人邮箱。"
            "未及时反馈者，将会影响2023届毕业生学历电子注册和纸质照片交付！）"
        ),
    ):
        assert words in text


def test_filled_form_holds_count_date_and_hand(tmp_path, serif):
    data = FeedbackFormData(
        **BASE,
        count=1234,
        received_on=date(2022, 5, 30),
        handler="王𬭚",
        phone="000-0000",
        remarks="很好",
        signed_on=date(2022, 6, 10),
    )
    text = flat(write_feedback_form(data, tmp_path / "f.pdf", fonts=serif))
    assert "我单位已于2022年5月30日收到2023届毕业生电子图像共1234人，" in text
    assert "学校经办人：王𬭚；联系电话：000-0000；" in text
    assert "很好" in text
    assert "2022年6月10日" in text


def test_form_is_one_a4_page_whatever_is_written(tmp_path, serif):
    data = FeedbackFormData(**{**BASE, "school": "湖" * 60}, remarks="建议延长开放时间。" * 60, handler="李" * 40)
    path = write_feedback_form(data, tmp_path / "f.pdf", fonts=serif)
    reader = pypdf.PdfReader(path)
    assert len(reader.pages) == 1
    assert [round(float(n) / 72 * 25.4) for n in reader.pages[0].mediabox[2:]] == [210, 297]
    assert flat(path).count("建议延长开放时间。") == 60


def test_same_data_gives_the_same_bytes(tmp_path, serif):
    data = FeedbackFormData(**BASE, count=3)
    one = write_feedback_form(data, tmp_path / "1.pdf", fonts=serif).read_bytes()
    assert write_feedback_form(data, tmp_path / "2.pdf", fonts=serif).read_bytes() == one


def test_wrap_keeps_closing_marks_with_their_words(serif):
    assert wrap("一二三四，五", 40, 10, serif) == ["一二三四，", "五"]
