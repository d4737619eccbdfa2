"""Events as people read them."""

import ast
from pathlib import Path

import pytest
from django.apps import apps

from portal import history
from portal.event_kinds import SENTENCES, SUBJECTS, THINGS, first_words
from portal.event_text import gathered, told
from portal.models import Event, Job
from portal.tenancy import center_scope
from tests import factories

ROOMS = ("schools", "students", "capture", "billing", "printing")


def literal_kinds() -> set[str]:
    """Kinds that the code records by a literal: the first argument of record and record_many, and every kind=."""
    found = set()
    for room in ROOMS:
        for path in Path(room).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call):
                    found.update(_kinds(node))
    return {kind for kind in found if kind.count(".") == 1 and kind.replace("_", "").replace(".", "").isalpha()}


def _kinds(call: ast.Call):
    name = getattr(call.func, "attr", getattr(call.func, "id", ""))
    places = [call.args[0]] if name in ("record", "record_many") and call.args else []
    if name in ("change", "change_many", "revise", "download"):
        places += [word.value for word in call.keywords if word.arg == "kind"]
    return [place.value for place in places if isinstance(place, ast.Constant) and isinstance(place.value, str)]


def test_every_kind_has_a_sentence_or_is_said_by_its_state():
    states = {
        f"{model._meta.model_name}.{state}"
        for model in apps.get_models()
        if hasattr(model, "TRANSITIONS")
        for state in model.TRANSITIONS
    }
    assert literal_kinds() - SENTENCES.keys() - states == set()


def test_every_thing_with_states_has_a_word():
    named = {model._meta.label_lower for model in apps.get_models() if hasattr(model, "TRANSITIONS")}
    assert named - THINGS.keys() == set()


def test_every_sentence_belongs_to_a_subject():
    words = {word for subject in SUBJECTS for word in first_words(subject)}
    assert {kind.partition(".")[0] for kind in SENTENCES} - words == set()


@pytest.mark.django_db
def test_a_state_says_itself_and_its_row_goes_by_the_student(school, season):
    with center_scope():
        photo = factories.photo(factories.student(school, season, name="王二", student_no="7"))
        history.record("photo.nameless", photo, by=history.SYSTEM, after="approved", facts={"student": 3})
        (event,) = told(Event.objects.filter(kind="photo.nameless"))
    assert (str(event.sentence), event.about, event.details) == ("Photo: Approved", "7 王二", [])


@pytest.mark.django_db
def test_facts_are_said_with_their_words_amounts_and_choices(season, center_admin):
    facts = {"price_fen": [1500, 1600], "background": "blue", "reason": "", "copies": [5, 6], "odd": True}
    history.record("season.changed", season, by=center_admin, facts=facts)
    (event,) = told(Event.objects.all())
    assert {str(word): said for word, said in event.details} == {
        "Price a student (fen)": "15.00 → 16.00",
        "Background": "Light blue",
        "Copies a student": "5 → 6",
        "odd": "yes",
    }


@pytest.mark.django_db
def test_one_act_on_many_rows_is_one_line(school, other_school, season, center_admin, owner):
    with center_scope():
        students = [factories.student(school, season) for _ in range(3)]
        history.record_many("student.locked", [(row, "") for row in students], by=owner)
        history.record("student.locked", factories.student(other_school, season), by=center_admin)
        lines = gathered(told(Event.objects.all()))
    assert [len(line.others) for line in lines] == [0, 2]


@pytest.mark.django_db
def test_what_is_gone_is_left_out(season, center_admin):
    job = Job.objects.create(kind="demo")
    history.record("job.done", job, by=center_admin, after="done")
    job.delete()
    (event,) = told(Event.objects.all())
    assert (event.about, str(event.sentence)) == ("", "Job: Done")


@pytest.mark.django_db
def test_two_things_of_a_list_are_no_before_and_after(season, center_admin):
    history.record(
        "season.changed", season, by=center_admin, facts={"rules": ["eyes", "mouth"], "outcome": ["green", "red"]}
    )
    (event,) = told(Event.objects.all())
    assert [said for _word, said in event.details] == ["eyes, mouth", "green → red"]
