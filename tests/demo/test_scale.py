"""The scale demo in small: what it fills could have come about by the product's own rules."""

import datetime as dt

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import Count, Q

from capture.models import Photo, Slot
from capture.stations import slots
from demo.scale import copying, filling, names, stories
from portal.changes import states
from portal.counters import proof as counters
from portal.history import checkpoints
from portal.models import Event
from portal.tenancy import school_scope, system_scope
from schools.models import Enrolment, Season
from students.identity import id_numbers
from students.models import Student, StudentsByStage
from tests.demo import scale_pictures


def test_each_student_belongs_to_a_school_and_the_first_is_the_largest():
    sizes = names.sizes(700_000, 170)
    assert (sum(sizes), sizes[0], max(sizes)) == (700_000, 30_000, 30_000)
    assert min(sizes) > 0


def test_names_of_schools_differ():
    assert len({names.school_name(n)[1] for n in range(170)}) == 170


def test_document_numbers_differ_and_are_valid():
    numbers = [names.id_number(n, 2027) for n in range(20_000)]
    assert len(set(numbers)) == len(numbers)
    assert all(id_numbers.check_character(number[:17]) == number[17] for number in numbers[:100])
    assert id_numbers.birthday_of(numbers[0], "resident") is not None


@pytest.mark.parametrize("phase", stories.STORIES)
def test_photos_of_a_story_end_in_states_that_follow_one_another(phase):
    for story, _weight in stories.STORIES[phase]:
        assert story.stage in Student.Stage.values
        assert set(story.tries) <= set(Photo.Status.values)
        assert set(story.tries[:-1]) <= {Photo.Status.REJECTED, Photo.Status.RETURNED, Photo.Status.WITHDRAWN}


# Tables that a small filling, or any, leaves empty.
EMPTY = {
    "billing.Difference": "one payment in 3,001 is not on its bill",
    "billing.Waiver": "one student in 300 of the schools whose students pay",
    "capture.RealNameCount": "the demo's students sign in by the roster until somebody tries a real-name service",
    "capture.WeChatBinding": "the demo's students have no WeChat until somebody links the simulator's",
    "capture.RegistryCode": "the demo's students sign in by the roster until somebody fetches a code",
    "students.Appearance": "every school of the filling hands over a list",
    "students.CatalogueClass": "as above",
    "capture.Likeness": "one photo in 3,000 is nearly another one",
    "capture.Film": "films are of people who stood before a camera",
    **dict.fromkeys(
        (
            "capture.AdmissionUpload",
            "capture.AdmissionPart",
            "capture.AdmissionPhoto",
            "capture.FaceNumbers",
            "capture.FaceComparison",
        ),
        "nobody of the filling agrees to it: a million faces take ten hours",
    ),
    "printing.SheetReport": "a school reports what it misses; no parcel of the province has lost a sheet",
    "printing.Receiver": "a certificate is a person's to enter: the demo has none, so no package",
    "printing.HandoverPackage": "as above",
    "printing.HandoverItem": "as above",
    "students.Correction": "one proof in 200 is disputed",
    "year_end.ScoringRules": "a season without a row of its own has the rules of the model",
    "year_end.YearEndDocument": "drawn when the bulletin is published: the demo's is a draft",
    "portal.User_groups": "roles are in Membership",
    "portal.User_user_permissions": "roles are in Membership",
}


@pytest.mark.django_db(transaction=True)
def test_filled_seasons_are_what_the_rules_would_have_made():
    """One filling for all of it: it takes seconds."""
    said: list[str] = []
    filling.fill(students=320, last_year=60, report=said.append, draw=scale_pictures.draw)
    assert any("students_student" in line for line in said)
    with system_scope():
        assert list(checkpoints.faults()) == []
        assert [season.status for season in Season.objects.order_by("-year")] == [
            Season.Status.OPEN,
            Season.Status.CLOSED,
        ]
        assert Student.objects.filter(season__year=Season.objects.latest("year").year).count() == 320
        _states_are_those_of_the_history()
        _document_numbers_are_bound_to_their_rows()
        _current_photo_fits_the_stage()
        _no_table_is_empty()
        _slots_can_be_kept()
        assert set(Enrolment.objects.values_list("status", flat=True)) >= {
            "preparing",
            "capturing",
            "proofreading",
            "received",
        }
    _database_refuses_again()
    with pytest.raises(CommandError, match="There is a season here"):
        call_command("demo", scale=320)


def _states_are_those_of_the_history():
    """Each change leads from the state before, as the table of the model allows, to the one that the row has."""
    for model in (Student, Photo, Enrolment):
        rows = {row.pk: row for row in model.objects.all()}
        reached: dict[int, str] = {}
        label = model._meta.label_lower
        for event in Event.objects.filter(object_type=label).exclude(after="").order_by("at", "pk"):
            if event.kind == "student.fee":
                continue
            if event.before:
                assert reached.get(event.object_id, "waiting") == event.before, event
                assert event.after in model.TRANSITIONS[event.before], event
            reached[event.object_id] = event.after
        start = "waiting" if model is Student else ""
        field = states.field_of(model)
        assert {pk: getattr(row, field) for pk, row in rows.items()} == {pk: reached.get(pk, start) for pk in rows}


def _document_numbers_are_bound_to_their_rows():
    for student in Student.objects.all()[:20]:
        assert len(student.id_number) == 18
        student.student_no += "0"
        assert student.masked_id == "无法读取"


def _current_photo_fits_the_stage():
    photographed = Student.objects.exclude(stage=Student.Stage.WAITING)
    assert photographed.annotate(n=Count("photos", filter=Q(photos__is_current=True))).exclude(n=1).count() == 0
    assert Student.objects.filter(stage=Student.Stage.WAITING, photos__isnull=False).count() == 0
    with_portrait = Student.objects.filter(stage__in=("approved", "proofed", "printed", "delivered"))
    assert with_portrait.filter(photos__is_current=True).exclude(photos__status=Photo.Status.APPROVED).count() == 0
    assert not Photo.objects.filter(taken_at__gt=dt.datetime.now(dt.UTC)).exists()


def _slots_can_be_kept():
    """On days and at hours of their station, whatever weekday the demo is filled on."""
    enrolments = list(Enrolment.objects.select_related("school", "season"))
    for enrolment in enrolments:
        with school_scope(enrolment.school):
            around = slots.Surroundings.of(enrolment)
        assert [(str(slot), problem) for slot in around.slots if (problem := slots.problem_of(slot, around))] == []
    assert {row.day.weekday() for row in Slot.objects.all()} >= {5, 6}


def _counters_say_what_the_rows_say():
    assert counters.prove().faults == {}
    assert StudentsByStage.number_of() == Student.objects.count()


def _no_table_is_empty():
    named = {model._meta.db_table: model._meta.label for model in apps.get_models(include_auto_created=True)}
    with connection.cursor() as cursor:
        found = set()
        for table in copying.tables():
            cursor.execute(f"SELECT EXISTS (SELECT FROM {table})")
            if cursor.fetchone() == (False,):
                found.add(named[table])
    assert found - set(EMPTY) == set()


def _database_refuses_again():
    """Triggers, constraints and policies are in force as before."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_trigger WHERE tgenabled = 'D'")
        assert cursor.fetchone() == (0,)
        cursor.execute("SELECT count(*) FROM pg_class WHERE relrowsecurity AND NOT relforcerowsecurity")
        assert cursor.fetchone() == (0,)
        cursor.execute(
            "SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND conrelid = 'capture_photo'::regclass"
        )
        assert cursor.fetchone()[0] >= 4
