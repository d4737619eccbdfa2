from students.roster.validation import RowValidator, clean_row
from tests.factories import id_number
from tests.students.roster import books


def judged(*lines):
    validator = RowValidator()
    good = list(validator.valid_rows((number, [str(cell) for cell in line]) for number, line in enumerate(lines, 2)))
    validator.reject_suspects()
    codes = {row: {name: p.code for name, p in problems.items()} for row, problems in validator.wrong.items()}
    return [row.number for row in good if row.number not in validator.revoked], codes


def test_a_right_row_is_clean():
    values, problems, _warnings = clean_row(books.row(1))
    assert problems == {}
    assert values["student_no"] == "202300001"
    assert values["gender"] == "male"
    assert values["id_type"] == "resident"


def test_empty_gender_and_type_follow_from_the_number():
    values, problems, _warnings = clean_row(books.row(2, 性别="", 证件类型=""))
    assert problems == {}
    assert (values["gender"], values["id_type"]) == ("female", "resident")


def test_each_wrong_cell_has_its_reason():
    _good, wrong = judged(books.row(1, 姓名="", 性别="未定", 手机号="1", 班级="长" * 61))
    assert wrong == {2: {"name": "empty", "gender": "gender", "phone": "phone", "class_name": "too_long"}}


def test_the_same_student_number_makes_both_rows_wrong():
    good, wrong = judged(books.row(1), books.row(2, 学号="202300001"), books.row(3))
    assert good == [4]
    assert wrong == {2: {"student_no": "twice_no"}, 3: {"student_no": "twice_no"}}


def test_the_same_document_makes_both_rows_wrong():
    number = books.row(1)[4]
    good, wrong = judged(books.row(1), books.row(3, 证件号码=number.lower()))
    assert good == []
    assert wrong == {2: {"id_number": "twice_id"}, 3: {"id_number": "twice_id"}}


def test_a_number_that_fits_by_chance_is_doubted_where_others_were_rounded():
    lucky = next(n for n in (id_number(serial) for serial in range(100, 1000, 100)) if n.endswith("000"))
    gender = "女" if int(lucky[16]) % 2 == 0 else "男"
    alone, _wrong = judged(books.row(1, 证件号码=lucky, 性别=gender))
    assert alone == [2]
    good, wrong = judged(books.row(1, 证件号码=lucky, 性别=gender), books.row(3, 证件号码="3.20102E+17"))
    assert good == []
    assert wrong[2] == {"id_number": "rounded"}
