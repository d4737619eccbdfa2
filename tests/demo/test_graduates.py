"""The made-up graduates of the demo."""

import pytest

from demo import graduates
from students.roster import cells

pytestmark = pytest.mark.django_db


def test_phones_pass_the_roster_and_are_nobodys(school, season):
    phones = [student.phone for student in graduates.enrol_students(season, school, seed=1)]
    assert len(set(phones)) == graduates.PER_SCHOOL
    assert [cells.phone(phone) for phone in phones] == phones
    assert {len(phone) for phone in phones} == {11}
    assert not any(phone.startswith(("0", "1")) for phone in phones)
