import pytest

from capture.models import Photo
from capture.review import decisions
from portal.changes import states
from portal.errors import Conflict, PortalError
from portal.models import Event
from proofing import disputes, feedback, proofs
from proofing.models import Proof
from schools.models import Enrolment
from students.models import Student
from tests import factories
from tests.support.school_papers import STAMPED, confirm, with_portrait
from tests.support.words import said

pytestmark = pytest.mark.django_db
CLOSED = "Proofreading at your school has closed. Ask the person in charge there."
CHANGED = "Your portrait has changed in the meantime. Please look at the new one."
Stage = Student.Stage


def stage_of(student):
    return Student.objects.get(pk=student.pk).stage


def test_confirmed_student_is_proofread_and_the_history_names_the_portrait(pair, proofreading):
    student = pair[0]
    proof = confirm(student)
    photo = proofs.current_portrait(student)
    assert (proof.status, proof.photo, proof.confirmed_by_school) == (Proof.Status.CONFIRMED, photo, False)
    assert stage_of(student) == student.stage == Stage.PROOFED
    event = Event.objects.get(kind="proof.confirmed")
    assert (event.actor_key, event.facts) == (student.actor_key, {"photo": photo.pk})


def test_student_may_confirm_while_the_school_still_captures(pair, enrolment):
    assert confirm(pair[0]).status == Proof.Status.CONFIRMED


def test_double_click_confirms_once(pair, proofreading):
    confirm(pair[0])
    assert confirm(pair[0]).status == Proof.Status.CONFIRMED
    assert Event.objects.filter(kind="proof.confirmed").count() == 1


def test_portrait_that_was_replaced_in_the_meantime_is_not_confirmed(pair, proofreading):
    with pytest.raises(Conflict, match=said(CHANGED)):
        proofs.confirm(pair[0], photo_id=proofs.current_portrait(pair[1]).pk, by=pair[0])
    assert stage_of(pair[0]) == Stage.APPROVED


def test_student_without_portrait_cannot_confirm(scoped, season, proofreading):
    student = factories.student(scoped, season)
    with pytest.raises(Conflict):
        proofs.confirm(student, photo_id=1, by=student)


def test_a_portrait_framed_anew_while_it_is_read_is_not_confirmed(pair, proofreading):
    student = pair[0]
    photo = proofs.current_portrait(student)
    with pytest.raises(Conflict, match=said(CHANGED)):
        proofs.confirm(student, photo_id=photo.pk, portrait="an older one", by=student)
    assert proofs.confirm(student, photo_id=photo.pk, portrait=photo.portrait_version, by=student)


def test_nobody_confirms_while_the_center_compares_the_form(pair, proofreading, owner, scoped, season):
    for student in pair:
        confirm(student)
    feedback.send(feedback.make(proofreading, by=owner), data=STAMPED, by=owner)
    late = with_portrait(scoped, season)
    with pytest.raises(PortalError, match=said(CLOSED)):
        confirm(late)


def test_student_whose_data_changed_after_the_form_confirms_anew(pair, accepted, owner):
    states.change(Student.objects.get(pk=pair[0].pk), Stage.APPROVED, by=owner)
    confirm(pair[0])
    assert stage_of(pair[0]) == Stage.PROOFED


def test_new_portrait_after_a_reset_is_confirmed_anew(pair, proofreading, owner, scoped, season):
    student = pair[0]
    first = confirm(student).photo
    decisions.reset(photo=first, by=owner, reason="Blurred")
    assert stage_of(student) == Stage.RETAKE
    Photo.objects.filter(pk=first.pk).update(is_current=False)
    again = Photo.objects.create(
        school=scoped, season=season, student=student, status=Photo.Status.APPROVED, sha256="2" * 64
    )
    Student.objects.filter(pk=student.pk).update(stage=Stage.APPROVED)
    proof = confirm(student)
    assert proof.photo == again
    assert Proof.objects.count() == 1
    assert stage_of(student) == Stage.PROOFED


def test_school_confirms_for_students_who_do_not_answer_with_a_reason(pair, proofreading, owner):
    disputes.ask(pair[1], field="major", wanted="会计学", explanation="", by=pair[1])
    assert (
        proofs.confirm_for_students(proofs.awaiting_confirmation(proofreading), reason="Checked in class", by=owner)
        == 1
    )
    proof = Proof.objects.get(student=pair[0])
    assert (proof.confirmed_by_school, proof.reason) == (True, "Checked in class")
    assert [stage_of(student) for student in pair] == [Stage.PROOFED, Stage.APPROVED]
    assert Event.objects.get(kind="proof.confirmed").actor_key == owner.actor_key


def test_confirming_for_students_asks_the_same_queries_for_any_number(
    pair, proofreading, owner, django_assert_num_queries
):
    with django_assert_num_queries(16):
        assert proofs.confirm_for_students(pair, reason="Checked", by=owner) == 2


def test_confirming_for_students_renews_proofs_that_were_disputed_or_read_for_another_portrait(
    pair, proofreading, owner
):
    confirm(pair[0])
    asked = disputes.ask(pair[0], field="major", wanted="会计学", explanation="", by=pair[0])
    disputes.decline(asked, by=owner, answer="As registered")
    confirm(pair[1])
    Student.objects.filter(pk=pair[1].pk).update(stage=Stage.APPROVED)
    assert proofs.confirm_for_students(pair, reason="Checked", by=owner) == 2
    assert set(Proof.objects.values_list("status", "confirmed_by_school", "reason")) == {("confirmed", True, "Checked")}
    assert {stage_of(student) for student in pair} == {Stage.PROOFED}


def test_confirming_for_students_is_over_while_the_center_compares_the_form(pair, proofreading, owner, scoped, season):
    for student in pair:
        confirm(student)
    feedback.send(feedback.make(proofreading, by=owner), data=STAMPED, by=owner)
    with pytest.raises(PortalError, match=said(CLOSED)):
        proofs.confirm_for_students([with_portrait(scoped, season)], reason="Checked", by=owner)


def test_confirming_for_students_needs_a_reason(pair, proofreading, owner):
    with pytest.raises(PortalError, match=said("Say why the school confirms for the student.")):
        proofs.confirm_for_students(pair, reason="  ", by=owner)


def test_confirming_for_students_leaves_disputed_and_unapproved_students_alone(
    pair, proofreading, owner, scoped, season
):
    disputes.ask(pair[0], field="portrait", wanted="", explanation="Eyes shut", by=pair[0])
    waiting = factories.student(scoped, season)
    assert proofs.confirm_for_students([*pair, waiting], reason="Checked", by=owner) == 1
    assert [stage_of(s) for s in [*pair, waiting]] == [Stage.APPROVED, Stage.PROOFED, Stage.WAITING]


def test_counts_of_a_school_by_what_is_left_to_do(pair, proofreading, scoped, season, django_assert_num_queries):
    confirm(pair[0])
    disputes.ask(pair[1], field="major", wanted="会计学", explanation="", by=pair[1])
    for stage in (Stage.WAITING, Stage.RETAKE, Stage.READY, Stage.REVIEW):
        factories.student(scoped, season, stage=stage)
    with django_assert_num_queries(2):
        now = proofs.count_students(proofreading)
    assert now == proofs.ProofCounts(roster=6, without_photo=3, undecided=1, to_confirm=1, disputed=1, proofed=1)
    assert now.portraits == 2
    assert not now.is_complete


def test_all_confirmed_is_complete_even_if_some_never_came(pair, proofreading, scoped, season):
    factories.student(scoped, season)
    for student in pair:
        confirm(student)
    assert proofs.count_students(proofreading).is_complete


def test_proofreading_opens_with_the_working_days_of_the_notice(pair, enrolment, owner):
    opened = proofs.open_proofreading(enrolment, by=owner)
    assert opened.status == Enrolment.Status.PROOFREADING
    assert opened.proof_due_on > opened.capture_ended_on


def test_proofreading_does_not_open_over_photos_in_review(pair, enrolment, owner, scoped, season):
    factories.student(scoped, season, stage=Stage.REVIEW)
    with pytest.raises(
        PortalError,
        match=said("%(n)d photo has not been decided yet. Review it first, then open the proofreading.", n=1),
    ):
        proofs.open_proofreading(enrolment, by=owner)


def test_proofreading_does_not_open_without_any_portrait(student, enrolment, owner, scoped):
    with pytest.raises(
        PortalError, match=said("No student has an approved portrait yet, so there is nothing to proofread.")
    ):
        proofs.open_proofreading(enrolment, by=owner)


def test_worklist_holds_students_with_a_portrait_in_the_order_of_the_sheets(
    pair, proofreading, scoped, season, django_assert_num_queries
):
    first = with_portrait(scoped, season, college="A")
    factories.student(scoped, season)
    with django_assert_num_queries(1):
        assert list(proofs.worklist(proofreading)) == [first, *pair]


def test_disputed_are_the_students_with_an_open_correction(pair, proofreading):
    disputes.ask(pair[1], field="major", wanted="会计学", explanation="", by=pair[1])
    assert proofs.disputed_ids(proofreading) == {pair[1].pk}
    assert list(proofs.awaiting_confirmation(proofreading)) == [pair[0]]


def test_characters_that_cannot_be_printed_are_known_while_they_can_be_put_right(
    pair, proofreading, django_assert_num_queries
):
    with django_assert_num_queries(1):
        assert proofs.unprintable_names(proofreading) == []
    Student.objects.filter(pk=pair[0].pk).update(name="李𠮷")
    Student.objects.filter(pk=pair[1].pk).update(name="王𬭚䶮㛃")
    assert proofs.unprintable_names(proofreading) == [(pair[0], "𠮷")]
