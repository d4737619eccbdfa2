import pytest

from students.roster import cells
from students.roster.cell_problems import Problem


@pytest.mark.parametrize(
    ("typed", "clean"),
    [
        ("王小明", "王小明"),
        ("张　三", "张三"),
        ("张 三", "张三"),
        ("买买提江•阿不都热依木", "买买提江·阿不都热依木"),
        ("John  Smith-O'Neil", "John Smith-O'Neil"),
        ("李〇", "李〇"),
        ("𬭚䶮㛃", "𬭚䶮㛃"),
    ],
)
def test_names_are_kept_as_people_are_called(typed, clean):
    assert cells.name(typed) == clean


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("=1+1", "sign"),
        ("+张三", "sign"),
        ("张三2", "name"),
        ("张\ue001", "private_character"),
        ("张?", "name"),
        ("-", "sign"),
    ],
)
def test_names_that_cannot_be_are_refused(typed, code):
    assert cells.name(typed).code == code


def test_words_refuse_formulas_and_hidden_characters():
    assert cells.plain_text("软件工程（中外合作）") == "软件工程（中外合作）"
    assert cells.plain_text("@SUM(A1)").code == "sign"
    assert cells.plain_text("软件\u200b工程") == Problem("characters", {"character": "U+200B"})


def test_student_numbers_are_plain():
    assert cells.student_no("２０２３Ａ01") == "2023A01"
    assert cells.student_no("2023 01").code == "student_no"
    assert cells.student_no("2.02301E+15").code == "rounded"


def test_choices_are_understood_in_both_languages():
    assert cells.gender("女") == cells.gender("Female") == cells.gender("F") == "female"
    assert cells.gender("未知").code == "gender"
    assert cells.id_type("港澳台居民居住证") == "hmt_permit"
    assert cells.id_type("Passport") == "passport"
    assert cells.id_type("学生证").code == "id_type"


@pytest.mark.parametrize(
    ("typed", "clean"),
    [
        ("138 0000 0000", "13800000000"),
        ("+86-13800000000", "13800000000"),
        ("+85291234567", "0085291234567"),
        ("025-83330000", "02583330000"),
    ],
)
def test_phones_are_made_plain(typed, clean):
    assert cells.phone(typed) == clean


def test_phones_that_cannot_be_are_refused():
    assert cells.phone("12").code == "phone"
    assert cells.phone("1.38E+10").code == "rounded"


def test_email_is_looked_at():
    assert cells.email("a.b@example.org") == "a.b@example.org"
    assert cells.email("a@b").code == "email"
