"""Events as people read them."""

import ast
import datetime as dt
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.contrib import admin
from django.utils.formats import date_format

from portal import event_kinds, history
from portal.admin import RecordedAdmin
from portal.history.event_text import describe_events, group_events
from portal.models import Event, Job
from portal.tenancy import center_scope
from tests import factories
from tests.support.database import let_delete
from tests.support.words import said

ROOMS = ("portal", "schools", "students", "capture", "billing", "proofing", "printing", "year_end", "demo")


KIND = re.compile(r"[a-z]+\.[a-z_]*[a-z]")


def literal_kinds() -> set[str]:
    """Kinds that the code records by a literal: whatever stands where a kind is said, and constants named like one."""
    found = set()
    for room in ROOMS:
        for path in Path(room).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call):
                    found.update(_kinds(node))
    return {kind for kind in found if KIND.fullmatch(kind)}


def _kinds(call: ast.Call) -> Iterator[str]:
    """The strings in the first argument of record and record_many, and in every kind= of what records by itself."""
    name = getattr(call.func, "attr", getattr(call.func, "id", ""))
    places = [call.args[0]] if name in ("record", "record_many") and call.args else []
    if name in ("change", "change_many", "download", "replace", "approve", "send_back", "_send_back"):
        places += [word.value for word in call.keywords if word.arg == "kind"]
    if name == "change_fields":
        places += [word.value for word in call.keywords if word.arg == "event_kind"]
    for place in places:
        yield from (part.value for part in ast.walk(place) if isinstance(part, ast.Constant) and part.value)


def test_every_kind_that_is_recorded_is_registered():
    kinds = literal_kinds()
    assert len(kinds) > 70
    assert {kind for kind in kinds if not event_kinds.is_registered(kind)} == set()


def test_every_kind_that_is_registered_is_recorded():
    """By a literal, by the gate as a state, by what names kinds after the model, or built from parts as named here."""
    built = {"ledger.charge", "ledger.payment", "ledger.refund", "ledger.reversal", "ledger.moved"}
    built |= {"student.correction_accepted", "student.correction_declined"}
    after_model = (".changed", ".downloaded", ".created", ".added")
    found = {name for name in event_kinds.KINDS if name.endswith(after_model)} | event_kinds._STATE_KINDS | built
    assert event_kinds.KINDS.keys() - found - literals() == set()


def test_what_the_operator_adds_and_changes_is_registered():
    recorded = {
        model: model_admin
        for model, model_admin in admin.site._registry.items()
        if isinstance(model_admin, RecordedAdmin)
    }
    kinds = {
        f"{model._meta.model_name}.{verb}"
        for model, model_admin in recorded.items()
        for verb in (model_admin.added, "changed")
    }
    assert len(kinds) >= 8
    assert {kind for kind in kinds if not event_kinds.is_registered(kind)} == set()


def literals() -> set[str]:
    """Every string of the rooms' code outside of the registrations."""
    paths = [
        path
        for room in ROOMS
        for path in Path(room).rglob("*.py")
        if path.name not in ("registration.py", "event_kinds.py", "permissions.py")
    ]
    nodes = [node for path in paths for node in ast.walk(ast.parse(path.read_text()))]
    return {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def test_every_model_with_states_is_registered():
    models = {model._meta.label_lower for model in apps.get_models() if hasattr(model, "TRANSITIONS")}
    assert models == event_kinds.STATEFUL_MODELS.keys()


def test_every_kind_belongs_to_a_subject_that_is_registered():
    named = {name for name, _label in event_kinds.subjects()}
    assert {kind.subject for kind in event_kinds.KINDS.values()} <= named
    assert {model.subject for model in event_kinds.STATEFUL_MODELS.values()} <= named
    assert [name for name, _label in event_kinds.subjects()][:2] == ["season", "school"]


def test_one_word_belongs_to_one_subject():
    with pytest.raises(ValueError, match="photo"):
        event_kinds.register("season", {"photo.lost": "x"})
    with pytest.raises(ValueError, match="twice"):
        event_kinds.register("photo", {"photo.uploaded": "x"})


@pytest.mark.django_db
def test_an_event_of_a_kind_that_nobody_registered_fails_here_and_is_kept_in_production(season, settings, caplog):
    settings.IS_LOCAL = True
    with pytest.raises(LookupError, match=r"season\.reopend"):
        history.record("season.reopend", season, by=history.SYSTEM)
    settings.IS_LOCAL = False
    history.record("season.reopend", season, by=history.SYSTEM)
    assert Event.objects.filter(kind="season.reopend").exists()
    assert "season.reopend is not registered" in caplog.text


@pytest.mark.django_db
def test_a_change_of_state_without_a_sentence_names_the_state_and_the_student(school, season, monkeypatch):
    monkeypatch.delitem(event_kinds.KINDS, "photo.approved")
    with center_scope():
        photo = factories.photo(factories.student(school, season, name="王二", student_no="7"))
        history.record("photo.approved", photo, by=history.SYSTEM, after="approved", facts={"student": 3})
        (line,) = describe_events(Event.objects.filter(kind="photo.approved"))
    assert (str(line.sentence), line.about, line.details) == (
        said("%(thing)s: %(state)s", thing="Photo", state="Approved"),
        "7 王二",
        [],
    )


@pytest.mark.django_db
def test_facts_are_shown_with_labels_amounts_and_choices(season, center_admin):
    facts = {"price_fen": [1500, 1600], "background": "blue", "reason": "", "copies": [5, 6], "odd": True}
    history.record("season.changed", season, by=center_admin, facts=facts)
    (line,) = describe_events(Event.objects.all())
    assert {str(label): value for label, value in line.details} == {
        said("price a student (fen)"): "15.00 → 16.00",
        said("background"): said("Light blue"),
        said("copies a student"): "5 → 6",
        "odd": said("yes"),
    }


@pytest.mark.django_db
def test_one_action_on_many_rows_is_one_line(school, other_school, season, center_admin, owner):
    with center_scope():
        students = [factories.student(school, season) for _ in range(3)]
        history.record_many("student.locked", [(row, "") for row in students], by=owner)
        history.record("student.locked", factories.student(other_school, season), by=center_admin)
        lines = group_events(describe_events(Event.objects.all()))
    assert [len(line.others) for line in lines] == [0, 2]


@pytest.mark.django_db
def test_what_is_gone_is_left_out(season, center_admin):
    job = Job.objects.create(kind="demo")
    history.record("job.done", job, by=center_admin, after="done")
    let_delete(Job)
    job.delete()
    (line,) = describe_events(Event.objects.all())
    assert (line.about, str(line.sentence)) == ("", said("%(thing)s: %(state)s", thing="Job", state="Done"))


@pytest.mark.django_db
def test_two_items_of_a_list_are_not_shown_as_before_and_after(season, center_admin):
    history.record(
        "season.changed", season, by=center_admin, facts={"rules": ["eyes", "mouth"], "outcome": ["green", "red"]}
    )
    (line,) = describe_events(Event.objects.all())
    rules = said(", ").join([said("Eyes not open"), said("Mouth open")])
    assert [value for _label, value in line.details] == [rules, f"{said('Passed the check')} → {said('Not accepted')}"]


@pytest.mark.django_db
def test_days_and_choices_of_facts_are_words(season, center_admin):
    history.record("season.changed", season, by=center_admin, facts={"due": "2026-11-05", "batch": "c1ef"})
    (line,) = describe_events(Event.objects.all())
    (day,) = [value for _label, value in line.details]
    assert day == date_format(dt.date(2026, 11, 5), said("j F Y"))
