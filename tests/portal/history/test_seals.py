"""Forged, copied, altered and missing lines of the history are found."""

import json
import logging

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import Max

from config.celery import app
from portal import history
from portal.database.owner import as_owner
from portal.history import checkpoints
from portal.history.checkpoints import Fault
from portal.history.seals import is_genuine
from portal.models import Checkpoint, Event
from portal.tasks import make_checkpoint
from tests.support.words import said

# A transaction of its own, and as the owner who can take the wall down: what an intruder on the server may do.
intruding = pytest.mark.django_db(transaction=True)
FORGED = """
INSERT INTO portal_event (at, kind, school_id, season_id, object_type, object_id, actor_key, actor_name, before, after,
                          facts, source, seal)
SELECT now(), kind, school_id, season_id, object_type, object_id, actor_key, actor_name, before, after, facts, source, seal
FROM portal_event ORDER BY id LIMIT 1
"""


def record(season, number: int = 1) -> list[Event]:
    return [history.record("season.created", season, by=history.SYSTEM, facts={"n": n}) for n in range(number)]


TRIGGERS = {"portal_event": "history_is_append_only", "portal_checkpoint": "checkpoints_are_append_only"}


def intrude(*statements: str) -> None:
    with as_owner(), connection.cursor() as cursor:
        for table, trigger in TRIGGERS.items():
            cursor.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY, DISABLE TRIGGER {trigger}")
        for statement in statements:
            cursor.execute(statement)
        for table, trigger in TRIGGERS.items():
            cursor.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY, ENABLE TRIGGER {trigger}")


def found() -> list[Fault]:
    return list(checkpoints.faults())


def counted() -> int:
    """Two checkpoints: the second counts to where the first stood."""
    made = [checkpoints.make() for _ in range(2)]
    assert made[-1] is not None
    return made[-1].upto


@pytest.mark.django_db
@pytest.mark.parametrize(
    "facts",
    [
        {},
        {"n": 1.0, "big": 1e22, "small": 1e-7, "list": (1, 2.5, None), "deep": {"a": [{"b": True}]}, 5: "key"},
        {"text": '张三 \\ " \u2028 \ud7ff é', "zero": -0.0},
    ],
)
def test_a_line_is_genuine_after_it_was_stored(season, facts):
    history.record("season.created", season, by=history.SYSTEM, facts=facts)
    assert is_genuine(Event.objects.get())


@pytest.mark.django_db(transaction=True)
def test_a_new_key_signs_and_what_the_old_one_signed_stays_genuine_while_it_is_kept(season, settings):
    (old,) = record(season)
    counted()
    settings.HISTORY_KEYS = settings.HISTORY_KEYS | {2: "another key of the tests, 2"}
    (new,) = record(season)
    counted()
    assert found() == []
    settings.HISTORY_KEYS = {2: "another key of the tests, 2"}
    assert [is_genuine(Event.objects.get(pk=event.pk)) for event in (old, new)] == [False, True]


@pytest.mark.django_db
def test_lines_of_every_way_are_sealed(enrolment, owner, school):
    history.record("enrolment.notice", enrolment, by=owner)
    history.record_many("enrolment.notice", [(enrolment, "a")], by=owner, after="b", facts={"x": 1})
    history.record_each("enrolment.notice", [(enrolment, {"y": 1})], by=owner)
    assert Event.objects.count() == 3
    assert found() == []


@pytest.mark.django_db
def test_a_forged_line_is_found(season):
    genuine = record(season)[0]
    with connection.cursor() as cursor:  # appending is what the product's role may do
        cursor.execute(FORGED)
    forged = Event.objects.latest("pk")
    assert found() == [Fault("forged", forged.pk, forged.pk), Fault("copied", genuine.pk, forged.pk)]


@pytest.mark.django_db
def test_a_copied_line_is_found(season):
    genuine = record(season)[0]
    with connection.cursor() as cursor:
        cursor.execute(FORGED.replace("now()", "at"))
    assert found() == [Fault("copied", genuine.pk, Event.objects.latest("pk").pk)]


@intruding
@pytest.mark.parametrize("field", ["kind", "actor_name", "source", "at", "facts", "object_id"])
def test_an_altered_line_is_found(season, field):
    altered = record(season, 3)[1]
    value = {"at": "at + interval '1 day'", "facts": "'{}'", "object_id": "object_id + 1"}.get(field, "'x'")
    intrude(f"UPDATE portal_event SET {field} = {value} WHERE id = {altered.pk}")
    assert found() == [Fault("forged", altered.pk, altered.pk)]


@intruding
def test_a_deleted_line_is_missed_once_it_has_been_counted(season):
    lines = record(season, 5)
    upto = counted()
    assert upto == lines[-1].pk
    assert found() == []
    later = record(season, 2)
    counted()
    intrude(f"DELETE FROM portal_event WHERE id = {lines[2].pk}")
    assert found() == [Fault("missing", 1, upto)]
    intrude(f"DELETE FROM portal_event WHERE id = {later[0].pk}")
    assert found() == [Fault("missing", 1, upto), Fault("missing", upto + 1, later[-1].pk)]


@intruding
def test_checkpoints_that_are_changed_or_taken_away_are_found(season, caplog):
    record(season, 2)
    counted()
    record(season, 2)
    with caplog.at_level(logging.INFO, "portal.history.checkpoints"):
        upto = counted()
    last = Checkpoint.objects.latest("pk")
    assert last.upto == upto
    assert bytes(last.seal).hex() in caplog.text  # to be kept outside of the database
    intrude(f"UPDATE portal_checkpoint SET number = number - 1 WHERE id = {last.pk}")
    assert [fault.kind for fault in found()] == ["broken"]
    intrude(f"DELETE FROM portal_checkpoint WHERE id = {last.pk}")
    assert found() == []
    assert [fault.kind for fault in checkpoints.faults(expected=bytes(last.seal).hex())] == ["broken"]


@intruding
def test_no_checkpoint_counts_over_a_line_that_is_still_being_written(season):
    record(season)
    first = checkpoints.make()
    dsn = connection.get_connection_params()
    dsn = {key: dsn[key] for key in ("dbname", "user", "password", "host", "port") if key in dsn}
    with psycopg.connect(**dsn) as other:  # its transaction begins before a checkpoint and ends after it
        other.execute("SELECT pg_current_xact_id()")
        noted = checkpoints.make()
        assert noted is not None
        assert noted.upto == first.noted
        assert checkpoints.make() is None
        other.commit()
    assert checkpoints.make() is not None
    assert Event.objects.aggregate(Max("pk"))["pk__max"] == Checkpoint.objects.latest("pk").upto


@intruding
def test_the_command_says_what_is_wrong(season, capsys):
    record(season, 3)
    make_checkpoint()
    make_checkpoint()
    call_command("check_history")
    assert "3" in capsys.readouterr().out
    with connection.cursor() as cursor:
        cursor.execute(FORGED)
    with pytest.raises(
        CommandError, match=said("The history has been changed from outside. Compare it with a backup.")
    ):
        call_command("check_history", "--json")
    printed = json.loads(capsys.readouterr().out)
    assert [fault["kind"] for fault in printed["faults"]] == ["forged", "copied"]
    assert printed["lines"] == 4


def test_the_history_is_counted_by_the_timetable():
    assert app.conf.beat_schedule["history"]["task"] == make_checkpoint.name
