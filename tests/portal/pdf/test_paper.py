"""Lines of a paper."""

from portal.pdf.paper import wrap


def test_a_number_stays_whole_at_the_end_of_a_line(fonts):
    text = "截至2026年11月28日，贵校实拍19人（结算单 TC269000139-1）。"
    rows = wrap(text, fonts.width("截至2026年11月28日，贵校实拍19人（结算单 TC2690", 10), 10, fonts)
    assert "".join(rows) == text
    assert [row for row in rows if "TC269000139-1" in row]


def test_a_word_longer_than_the_line_is_broken(fonts):
    rows = wrap("单号" + "A1" * 40, fonts.width("A1" * 10, 10), 10, fonts)
    assert len(rows) > 3
    assert "".join(rows) == "单号" + "A1" * 40
