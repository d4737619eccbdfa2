"""The made-up season says the same in its notice and in its figures."""

import datetime as dt

import pytest

from demo import schools
from portal.models import User

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("today", "due", "words"),
    [
        (dt.date(2026, 3, 1), dt.date(2026, 11, 20), "于当年11月20日前"),
        (dt.date(2026, 11, 20), dt.date(2026, 11, 20), "于当年11月20日前"),
        (dt.date(2026, 11, 22), dt.date(2026, 12, 31), "于当年12月31日前"),
    ],
)
def test_the_fee_is_due_within_the_season_and_the_notice_says_when(monkeypatch, today, due, words):
    monkeypatch.setattr("demo.schools.timezone.localdate", lambda: today)
    season = schools._season()
    assert (season.year, season.payment_due) == (2026, due)
    assert words in season.notice


def test_its_accounts_are_marked_and_what_others_make_is_not():
    schools.make_season()
    accounts = User.objects.all()
    assert len(accounts) > 10
    assert all(account.is_demo for account in accounts)
    assert not User.objects.create_user("somebody").is_demo
