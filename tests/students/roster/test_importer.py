"""A roster from the file to the students in PostgreSQL."""

import pytest
from django.db import connection

from portal import history
from portal.changes import states
from portal.errors import Conflict, PortalError
from portal.formatting import mask
from portal.models import Event, Notification
from portal.tenancy import school_scope, system_scope
from schools.models import Enrolment
from students.identity import id_encryption
from students.models import Student
from students.roster import importer
from tests import factories
from tests.students.roster import books
from tests.support.database import let_delete
from tests.support.words import said

pytestmark = pytest.mark.django_db
Stage = Student.Stage


def figures(plan):
    return plan.new, plan.changed, plan.unchanged, len(plan.wrong)


def codes(plan):
    return {row: {name: p.code for name, p in cells.items()} for row, cells in plan.wrong.items()}


@pytest.fixture
def load(scoped, season):
    """Import lines into the school's roster; returns the plan."""

    def load(*lines, **options):
        return importer.apply_import(books.roster(*lines), school=scoped, season=season, by=history.SYSTEM, **options)

    return load


@pytest.fixture
def plan_of(scoped, season):
    return lambda *lines: importer.plan_import(books.roster(*lines), school=scoped, season=season)


def imported(student_no="202300001"):
    return Student.objects.get(student_no=student_no)


def test_new_rows_are_written_with_number_sealed_and_hashed(load):
    assert figures(load(*books.rows(3))) == (3, 0, 0, 0)
    student = imported()
    assert student.name == "王小明"
    assert student.id_number == books.row(1)[4]
    assert student.id_hash == id_encryption.digest(books.row(1)[4])
    assert (student.stage, student.fee_state, student.gender) == ("waiting", "unpaid", "male")
    with connection.cursor() as cursor:
        cursor.execute("SELECT student::text FROM students_student student WHERE id = %s", [student.pk])
        assert books.row(1)[4] not in cursor.fetchone()[0]


def test_the_same_file_twice_changes_nothing(load):
    load(*books.rows(3))
    before = list(Student.objects.order_by("id").values())
    events = Event.objects.count()
    assert figures(load(*books.rows(3))) == (0, 0, 3, 0)
    assert list(Student.objects.order_by("id").values()) == before
    assert Event.objects.count() == events


def test_changed_rows_are_updated_and_told(load):
    load(*books.rows(2))
    plan = load(books.row(1, 专业="网络工程", 手机号="13900000000"), books.row(2))
    assert figures(plan) == (0, 1, 1, 0)
    assert imported().major == "网络工程"
    event = history.of(imported()).filter(kind="student.changed").get()
    assert event.facts == {"major": ["软件工程", "网络工程"], "phone": ["•••", "•••"]}


def test_a_change_of_number_is_told_without_the_number(load):
    load(books.row(1))
    other = books.row(11)[4]
    load(books.row(1, 证件号码=other))
    assert imported().id_number == other
    event = history.of(imported()).filter(kind="student.changed").get()
    assert event.facts == {"id_number": ["•••", "•••"]}


def test_wrong_rows_are_left_out_and_the_others_written(load):
    plan = load(books.row(1, 姓名=""), books.row(2))
    assert figures(plan) == (1, 0, 0, 1)
    assert codes(plan) == {2: {"name": "empty"}}
    assert Student.objects.count() == 1


def test_a_plan_writes_nothing(plan_of):
    assert figures(plan_of(*books.rows(2))) == (2, 0, 0, 0)
    assert Student.objects.count() == 0
    assert Event.objects.filter(kind__startswith="student.").count() == 0


def test_a_number_that_belongs_to_another_student_of_the_school(load, plan_of):
    load(*books.rows(2))
    plan = plan_of(books.row(3, 证件号码=books.row(1)[4]))
    assert codes(plan) == {2: {"id_number": "taken_here"}}
    assert "202300001" in str(plan.wrong[2]["id_number"])


def test_a_trial_does_not_tell_whether_another_school_has_a_number(load, plan_of, other_school, season):
    theirs = factories.student(other_school, season, id_number=books.row(1)[4])
    trial = plan_of(books.row(1), books.row(2))
    assert (trial.figures, trial.report["elsewhere"]) == ({"new": 2, "changed": 0, "unchanged": 0, "wrong": 0}, [])
    plan = load(books.row(1), books.row(2), expected=trial.figures)
    assert codes(plan) == {2: {"id_number": "taken_elsewhere"}}
    assert plan.figures == {"new": 1, "changed": 0, "unchanged": 0, "wrong": 1}
    assert other_school.name not in str(plan.wrong[2]["id_number"])
    assert plan.report["elsewhere"] == [[2, theirs.pk]]


def test_two_students_may_exchange_their_numbers(load):
    load(*books.rows(2))
    first, second = books.row(1)[4], books.row(2)[4]
    plan = load(books.row(1, 证件号码=second, 性别="女"), books.row(2, 证件号码=first, 性别="男"))
    assert figures(plan) == (0, 2, 0, 0)
    assert (imported().id_number, imported("202300002").id_number) == (second, first)


def test_a_number_is_not_free_while_its_owner_s_row_is_impossible(load, plan_of):
    load(*books.rows(3))
    Student.objects.filter(student_no="202300001").update(stage=Stage.PRINTED)
    plan = plan_of(books.row(1, 证件号码=books.row(11)[4]), books.row(3, 证件号码=books.row(1)[4]))
    assert codes(plan) == {2: {"student_no": "printed"}, 3: {"id_number": "taken_here"}}


def test_printed_students_stay_as_they_are(load):
    load(*books.rows(2))
    Student.objects.filter(student_no="202300001").update(stage=Stage.PRINTED)
    plan = load(books.row(1, 姓名="李小明"), books.row(2, 姓名="李小红"))
    assert codes(plan) == {2: {"student_no": "printed"}}
    assert (imported().name, imported("202300002").name) == ("王小明", "李小红")
    assert figures(load(*books.rows(1)))[2] == 1  # unchanged is no mistake


def test_who_a_photographed_student_is_stays_and_is_pointed_out(load, plan_of):
    load(*books.rows(2))
    Student.objects.filter(student_no="202300001").update(stage=Stage.APPROVED)
    rows = [books.row(1, 姓名="李小明", 证件号码=books.row(11)[4], 专业="网络工程"), books.row(2, 姓名="李小红")]
    assert plan_of(*rows).after_photo == [imported().pk]
    before = imported()
    plan = load(*rows)
    assert (plan.after_photo, figures(plan)) == ([before.pk], (0, 2, 0, 0))
    after = imported()
    assert (after.name, after.id_number, after.major) == (before.name, before.id_number, "网络工程")
    assert imported("202300002").name == "李小红"
    assert plan_of(books.row(1, 专业="会计学")).after_photo == []
    assert codes(plan_of(books.row(1, 证件号码=books.row(11)[4]), books.row(3, 证件号码=books.row(1)[4]))) == {
        3: {"id_number": "taken_here"}
    }


def test_an_empty_gender_of_a_photographed_student_is_filled_in_and_none_is_emptied(load, plan_of):
    passport = {"证件类型": "护照", "证件号码": "E12345678"}
    load(books.row(1, 性别="", **passport))
    Student.objects.update(stage=Stage.REVIEW)
    assert load(books.row(1, 性别="女", **passport)).after_photo == []
    assert imported().gender == "female"
    assert load(books.row(1, 性别="", **passport)).after_photo == []
    assert imported().gender == "female"
    assert plan_of(books.row(1, 性别="男", **passport)).after_photo == [imported().pk]


def test_a_finished_proofreading_opens_again_when_what_is_printed_changes(load):
    load(*books.rows(2))
    Student.objects.update(stage=Stage.PROOFED)
    load(books.row(1, 班级="软件2302"), books.row(2, 手机号="13900000000"))
    assert (imported().stage, imported("202300002").stage) == ("approved", "proofed")
    assert history.of(imported()).filter(kind="student.proof_reopened", before="proofed", after="approved").exists()
    assert [message.recipient_key for message in Notification.objects.all()] == [imported().actor_key]


def test_students_missing_from_the_file_are_named_and_kept(load):
    load(*books.rows(3))
    plan = load(books.row(2), books.row(3, 姓名=""))
    assert [row.pk for row in plan.missing] == [imported().pk]
    assert Student.objects.count() == 3


def test_students_remember_their_import_and_changes_name_theirs(load):
    load(*books.rows(2), import_no=7)
    load(books.row(1, 专业="网络工程"), import_no=8)
    assert imported().import_no == 7
    event = history.of(imported()).get()
    assert (event.kind, event.facts["import"], event.actor_key) == ("student.changed", 8, "system")
    assert event.school_id == imported().school_id


def test_what_was_confirmed_must_still_hold(load):
    load(*books.rows(1))
    with pytest.raises(Conflict):
        load(*books.rows(2), expected={"new": 2, "changed": 0, "unchanged": 0, "wrong": 0})
    assert Student.objects.count() == 1


def test_who_is_added_by_hand_since_the_comparison_is_told_and_not_overwritten(load, scoped, season, monkeypatch):
    compare = importer.StagedFile.compare

    def compare_and_add(staged):
        plan = compare(staged)
        factories.student(scoped, season, student_no="202300001", name="手加")
        return plan

    monkeypatch.setattr(importer.StagedFile, "compare", compare_and_add)
    with pytest.raises(Conflict, match=said("The roster changed while the file was imported. Import it again.")):
        load(books.row(1))


def test_a_row_of_the_file_becomes_the_student_of_this_school_only(load, other_school, season):
    theirs = factories.student(other_school, season, student_no="202300001", name="别人")
    load(*books.rows(1))
    with system_scope():
        assert Student.objects.get(pk=theirs.pk).name == "别人"
        assert Student.objects.filter(student_no="202300001").count() == 2


def test_the_roster_closes_with_the_feedback(load, enrolment):
    with school_scope(enrolment.school):
        states.change(enrolment, Enrolment.Status.PROOFREADING, by=history.SYSTEM)
        states.change(enrolment, Enrolment.Status.FEEDBACK_SENT, by=history.SYSTEM)
    sentence = "The feedback form is with the center: the roster can no longer be changed. Ask the center."
    with pytest.raises(PortalError, match=said(sentence)):
        load(*books.rows(1))


def test_a_school_outside_of_the_season_has_no_roster(other_school, season, db):
    with school_scope(other_school):
        let_delete(Enrolment)
        Enrolment.objects.all().delete()
        with pytest.raises(PortalError, match=said("Your school is not enrolled in this season. Ask the center.")):
            importer.apply_import(books.roster(books.row(1)), school=other_school, season=season, by=history.SYSTEM)


def test_progress_is_told_in_rows(plan_of, scoped, season, monkeypatch):
    monkeypatch.setattr(importer, "CHUNK", 2)
    reported = []
    importer.plan_import(
        books.roster(*books.rows(5)),
        school=scoped,
        season=season,
        progress=lambda done, total: reported.append((done, total)),
    )
    assert reported == [(2, 5), (4, 5), (5, 5)]


def test_our_own_masked_export_updates_the_other_columns(load, plan_of):
    load(books.row(1), books.row(2))
    before = imported()
    masked = mask(books.row(1)[4])
    lines = (
        books.row(1, 证件号码=masked, 专业="网络工程", 性别="女", 证件类型="护照"),
        books.row(2, 证件号码="3****************4"),
        books.row(3, 证件号码=masked),
    )
    for plan in (plan_of(*lines), load(*lines)):
        assert figures(plan) == (0, 1, 1, 1)
        assert codes(plan) == {4: {"id_number": "masked"}}
        assert {row: cells["id_number"].code for row, cells in plan.warned.items()} == {2: "masked", 3: "masked"}
    after = imported()
    assert (after.major, after.id_number, after.gender, after.id_type) == (
        "网络工程",
        before.id_number,
        before.gender,
        before.id_type,
    )
