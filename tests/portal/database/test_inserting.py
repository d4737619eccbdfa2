"""Many rows in one statement."""

import datetime as dt

import pytest
from django.db import IntegrityError, transaction

from billing.models import BankLine, BankStatement
from portal import history
from portal.database import inserting
from portal.history import seals
from portal.models import Event
from portal.tenancy import center_scope

pytestmark = pytest.mark.django_db
WORDS = "“引号” ' \" \\ \\x41 %s {} \n\t€𠮷"


@pytest.fixture
def statement():
    with center_scope():
        yield BankStatement.objects.create(filename="a.csv", digest="1")


def line(statement, key, **fields):
    return BankLine(
        statement=statement, row=1, key=key, booked_on=dt.date(2022, 11, 18), amount_fen=-(10**12), **fields
    )


def test_rows_come_back_as_they_were(statement):
    first = line(statement, "1", remark=WORDS, booked_at=dt.time(9, 30), suggestions=[{"key": 1, "how": WORDS}])
    rows = inserting.insert([first, line(statement, "2", balance_fen=None)])
    fields = [field.attname for field in BankLine._meta.concrete_fields]
    stored = BankLine.objects.in_bulk([row.pk for row in rows])
    assert len(stored) == 2
    for row in rows:
        assert {name: getattr(stored[row.pk], name) for name in fields} == {name: getattr(row, name) for name in fields}


def test_a_row_that_a_constraint_refuses_leaves_none(statement):
    with pytest.raises(IntegrityError), transaction.atomic():
        inserting.insert([line(statement, "1"), line(statement, "1")])
    assert not BankLine.objects.exists()


def test_no_rows_are_no_statement(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert inserting.insert([]) == []


def test_events_of_many_rows_are_genuine(statement):
    facts = {"reason": WORDS, "count": 3, "share": 2.0, "when": None, "list": [1, {"a": True}]}
    history.record_each("bankline.aside", [(statement, facts)] * 2, by=history.SYSTEM)
    stored = Event.objects.filter(kind="bankline.aside")
    assert [event.facts for event in stored] == [facts] * 2
    assert all(seals.is_genuine(event) for event in stored)
