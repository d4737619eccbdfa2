import pytest

from students.identity import id_numbers
from students.models import Student
from tests.factories import id_number

RESIDENT, HMT, PASSPORT = Student.IdType.RESIDENT, Student.IdType.HMT_PERMIT, Student.IdType.PASSPORT


def code(number: str, id_type: str = RESIDENT, gender: str = "") -> str:
    problem = id_numbers.problem_of(number, id_type, gender)
    return problem.code if problem else ""


def test_check_character_of_the_standard_s_own_examples():
    # GB 11643-1999, annex: 11010519491231002X and 440524188001010014.
    assert id_numbers.check_character("11010519491231002") == "X"
    assert id_numbers.check_character("44052418800101001") == "4"


def test_right_number_has_no_problem():
    assert code("11010519491231002X") == ""
    assert code(id_number(7)) == ""


@pytest.mark.parametrize("position", range(17))
def test_every_mistyped_digit_is_found(position):
    number = id_number(7)
    mistyped = number[:position] + str((int(number[position]) + 1) % 10) + number[position + 1 :]
    assert code(mistyped) in {"id_check", "id_region", "id_date", "id_is_hmt"}


def test_two_neighbours_exchanged_are_found():
    number = id_number(123)
    assert code(number) == ""
    assert code(number[:14] + "213" + number[17]) == "id_check"


def test_reasons_name_what_is_wrong():
    assert code("320102010203001") == "id_old"
    assert code("32010220010203") == "id_length"
    assert code("32010220010203X01X") == "id_shape"
    assert code("990102200102030013") == "id_region"
    assert code("320102200113030013") == "id_date"
    assert code("320102200102300013") == "id_date"
    assert code("320102300102030013") == "id_date"


def test_gender_must_agree_with_the_serial():
    assert code(id_number(7), gender="male") == ""
    assert code(id_number(7), gender="female") == "id_sex"
    assert id_numbers.gender_of(id_number(8)) == "female"


def test_residence_permit_has_its_own_prefixes():
    permit = id_number(7, region="810000")
    assert code(permit, HMT) == ""
    assert code(permit, RESIDENT) == "id_is_hmt"
    assert code(id_number(7), HMT) == "id_not_hmt"
    assert code(permit[:-1] + ("1" if permit[-1] != "1" else "2"), HMT) == "id_check"


def test_rounded_numbers_are_recognised():
    assert code("3.20102E+17") == "rounded"
    assert code("3.20102200102031E+17") == "rounded"
    assert code("320102200102030000") == "rounded"


def test_a_true_number_may_end_in_zeros():
    number = next(n for n in (id_number(serial) for serial in range(100, 1000, 100)) if n.endswith("000"))
    assert code(number) == ""


def test_other_documents_are_judged_by_their_shape():
    assert code("E12345678", PASSPORT) == ""
    assert code("EE1234567", Student.IdType.OTHER) == ""
    assert code("E1", PASSPORT) == "id_document"
    assert code("护照12345", PASSPORT) == "id_document"
    assert code("3.20102E+17", PASSPORT) == "rounded"
