import ast
import threading

import pytest
from django.db import OperationalError, connection, transaction

from portal.changes.transactions import ATTEMPTS, retried
from portal.tenancy import system_scope
from students.models import Student
from tests import factories
from tests.config.test_imports import APPS, ROOT, modules
from tests.support.concurrency import at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def pair(school, season):
    return [factories.student(school, season, phone="") for _ in range(2)]


class Crossing:
    """Two transactions that take the same two rows, each the other's first row last: PostgreSQL refuses one of them."""

    def __init__(self, rows):
        self.rows, self.calls, self.met = rows, 0, threading.Barrier(2)

    def take(self, first, second):
        self.calls += 1
        self._mark(first)
        if self.calls <= 2:
            self.met.wait(10)
        self._mark(second)
        return self.calls

    def _mark(self, row):
        row.phone += "x"
        Student.objects.filter(pk=row.pk).update(phone=row.phone)

    def at_once(self, take):
        with system_scope():
            mine, theirs = ([Student.objects.get(pk=row.pk) for row in self.rows] for _ in range(2))
        return at_once(lambda: take(*mine), lambda: take(*reversed(theirs)))


def test_a_refused_transaction_begins_again_with_its_rows_as_they_were(pair):
    crossing = Crossing(pair)
    results = crossing.at_once(retried(crossing.take))
    assert all(isinstance(result, int) for result in results), results
    assert crossing.calls >= 3  # on a loaded machine the second attempt may meet the other one, too
    with system_scope():
        phones = set(Student.objects.values_list("phone", flat=True))
    assert phones == {"x"}  # not "xx", of the first attempt too


def test_related_rows_of_the_arguments_are_as_they_were(pair, other_school):
    student, seen = pair[0], []

    @retried
    def move(student):
        seen.append(student.school)
        student.school = other_school
        if len(seen) == 1:
            refuse("40P01")

    school = student.school
    move(student)
    assert seen == [school, school]


def test_nothing_is_begun_again_inside_another_transaction(pair):
    crossing = Crossing(pair)

    def inside(*rows):
        with transaction.atomic():
            return retried(crossing.take)(*rows)

    results = crossing.at_once(inside)
    assert [type(result) for result in results].count(OperationalError) == 1
    assert crossing.calls == 2


def refuse(code):
    with connection.cursor() as cursor:
        cursor.execute(f"DO $$ BEGIN RAISE EXCEPTION 'refused' USING ERRCODE = '{code}'; END $$")


@pytest.mark.parametrize(("code", "attempts"), [("40P01", ATTEMPTS), ("40001", ATTEMPTS), ("55P03", 1)])
def test_only_what_may_pass_the_next_time_is_begun_again_and_not_for_ever(db, code, attempts):
    calls = []

    @retried
    def work():
        calls.append(code)
        refuse(code)

    with pytest.raises(OperationalError):
        work()
    assert len(calls) == attempts


# Rows that are deleted, or whose unique columns change: there the whole lock is right.
WHOLE_LOCKS = {
    "portal/accounts/second_factor.py: keep_the_last",
    "students/privacy/erasure.py: erase",
    "schools/enrolments.py: withdraw",
    "students/records.py: _removable",
    "students/moving/move.py: _move",
}


def whole_locks():
    """Functions that take FOR UPDATE: whoever writes a row that refers to the locked one has to wait."""
    for path in (path for app in APPS for path in modules(app) if "select_for_update" in path.read_text()):
        for function in (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef)):
            calls = (node for node in ast.walk(function) if isinstance(node, ast.Call))
            for call in (call for call in calls if getattr(call.func, "attr", "") == "select_for_update"):
                if "no_key" not in {keyword.arg for keyword in call.keywords}:
                    yield f"{path.relative_to(ROOT)}: {function.name}"


def test_rows_that_others_refer_to_are_held_without_their_key():
    assert set(whole_locks()) == WHOLE_LOCKS
