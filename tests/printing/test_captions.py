import random

import pytest

from printing.captions import LEADING, SIZES, fit_caption, split_evenly

WIDTH, HEIGHT = 89.0, 43.6


def measure(text, size):
    """Ideographs one em, everything else 0.56 em."""
    return sum(size if ord(char) > 0x2E80 else 0.56 * size for char in text)


def fitted(*fields):
    return fit_caption(fields, width=WIDTH, height=HEIGHT, measure=measure)


def assert_inside(caption):
    assert len(caption.lines) * caption.leading <= HEIGHT + 1e-6
    for line in caption.lines:
        assert measure(line.text, caption.size) * line.condense <= WIDTH + 1e-6


def test_usual_words_take_one_line_each_at_the_largest_size():
    caption = fitted("湖滨大学", "软件工程", "软件2301 S000001", "320102200102031234", "李一")
    assert caption.size == SIZES[0]
    assert caption.leading == SIZES[0] * LEADING
    assert [line.text for line in caption.lines] == [
        "湖滨大学",
        "软件工程",
        "软件2301 S000001",
        "320102200102031234",
        "李一",
    ]
    assert {line.condense for line in caption.lines} == {1.0}


def test_long_school_and_major_are_wrapped_whole():
    school = "示范信息工程与智能制造职业技术大学滨湖国际合作教育学院东校区"
    major = "电子信息科学与技术（中外合作办学物联网与智能制造方向）试验"
    caption = fitted(school, major, "物联2301 S000001", "320102200102031234", "买买提艾力·阿卜杜热合曼")
    assert_inside(caption)
    assert "".join(line.text for line in caption.lines[:4]) == school + major
    assert caption.lines[-1].text == "买买提艾力·阿卜杜热合曼"
    assert caption.size >= 5


def test_a_word_a_little_too_long_is_condensed_on_one_line():
    caption = fitted("一" * 15)
    assert len(caption.lines) == 1
    assert caption.lines[0].condense == pytest.approx(WIDTH / (15 * SIZES[0]))


def test_nothing_overflows_whatever_the_words():
    rng = random.Random(7)
    for _ in range(300):
        fields = ["".join(rng.choices("一二三四AB12·（） ", k=rng.randint(0, 70))).strip() for _ in range(5)]
        caption = fitted(*fields)
        assert_inside(caption)
        assert "".join("".join(line.text.split()) for line in caption.lines) == "".join(
            "".join(f.split()) for f in fields
        )


def test_empty_fields_leave_no_gap():
    assert [line.text for line in fitted("湖滨大学", "", "李一").lines] == ["湖滨大学", "李一"]


def test_numbers_and_brackets_are_not_torn():
    assert split_evenly("软件工程AB123456789", 2) == ["软件工程", "AB123456789"]
    parts = split_evenly("一二三四五（六七八", 2)
    assert not any(part.endswith("（") for part in parts)
