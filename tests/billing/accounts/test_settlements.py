import pytest
from django.db import DatabaseError, connection, transaction

from billing.accounts import fee_accounts, ledger, settlements
from billing.models import LedgerEntry, Settlement, SettlementLine
from portal.background import jobs
from portal.errors import Conflict, PortalError
from portal.models import Event, Job, Notification
from portal.tenancy import center_scope, school_scope, system_scope
from schools.models import Enrolment
from students.models import Student
from students.privacy import erasure
from tests import factories
from tests.support.addresses import dated
from tests.support.concurrency import at_once
from tests.support.words import said

Status = Settlement.Status


def capture(enrolment, number=1, **fields):
    fields = {"stage": Student.Stage.APPROVED} | fields
    return [factories.student(enrolment.school, enrolment.season, **fields) for _ in range(number)]


def charged(enrolment):
    return ledger.sum_entries(ledger.account_of(enrolment), LedgerEntry.Kind.CHARGE, school_only=True)


def settled(enrolment, owner, center_admin):
    return settlements.sign(settlements.propose(enrolment, by=center_admin), by=owner)


@pytest.mark.django_db
def test_settlement_holds_the_students_that_are_charged(enrolment, scoped, owner, center_admin):
    students = capture(enrolment, 2)
    capture(enrolment, stage=Student.Stage.WAITING)
    capture(enrolment, fee_state=Student.FeeState.PAID)
    settlement = settlements.propose(enrolment, by=center_admin)
    assert (settlement.number, settlement.students, settlement.amount_fen) == (1, 2, 3000)
    assert {line.student_id for line in settlement.lines.all()} == {student.pk for student in students}
    assert settlements.settled_fen(enrolment) == charged(enrolment) == 3000
    assert students[0].id_number not in set(settlement.lines.values_list("masked_id", flat=True))
    told = Notification.objects.get(recipient_key=owner.actor_key)
    assert (told.kind, told.link) == ("settlement.proposed", dated(f"/school/fees/settlements/{settlement.pk}/"))


@pytest.mark.django_db
def test_what_changes_later_makes_a_supplement_and_leaves_the_lines(enrolment, scoped, owner, center_admin):
    stays, leaves = capture(enrolment, 2)
    first = settled(enrolment, owner, center_admin)
    with pytest.raises(settlements.NothingToSettle):
        settlements.propose(enrolment, by=center_admin)
    Student.objects.filter(pk=stays.pk).update(name="王改名", class_name="另一班")
    Student.objects.filter(pk=leaves.pk).update(stage=Student.Stage.RETAKE)
    new = capture(enrolment, 2)
    second = settlements.propose(enrolment, by=center_admin)
    assert set(first.lines.values_list("name", "class_name")) == {("李一", "软件2301")}
    assert (second.number, second.students, second.amount_fen) == (2, 1, 1500)
    assert set(second.lines.values_list("student", "is_taken_off")) == {
        (new[0].pk, False), (new[1].pk, False), (leaves.pk, True)
    }  # fmt: skip
    assert settlements.settled_fen(enrolment) == charged(enrolment) == 4500
    settlements.sign(second, by=owner)
    Student.objects.filter(pk=leaves.pk).update(stage=Student.Stage.REVIEW)
    third = settlements.propose(enrolment, by=center_admin)
    assert [line.student_id for line in third.lines.all()] == [leaves.pk]
    assert settlements.settled_fen(enrolment) == charged(enrolment) == 6000


@pytest.mark.django_db
def test_school_contests_and_the_center_stands_by_it(enrolment, scoped, owner, center_admin):
    capture(enrolment)
    settlement = settlements.propose(enrolment, by=center_admin)
    with pytest.raises(PortalError, match=said("Please give the reason.")):
        settlements.contest(settlement, reason=" ", by=owner)
    settlements.contest(settlement, reason="one student has left", by=owner)
    with pytest.raises(Conflict):
        settlements.sign(settlement, by=owner)
    settlements.stand_by(settlement, answer="The photo was taken.", by=center_admin)
    settlements.sign(settlement, by=owner)
    with pytest.raises(Conflict):
        settlements.contest(settlement, reason="too late", by=owner)
    kinds = Event.objects.filter(kind__startswith="settlement.").order_by("id").values_list("kind", flat=True)
    assert list(kinds) == [
        "settlement.proposed", "settlement.contested", "settlement.upheld", "settlement.signed"
    ]  # fmt: skip


@pytest.mark.django_db
def test_center_corrects_a_contested_settlement_once_the_list_is_right(enrolment, scoped, owner, center_admin):
    wrong, _right = capture(enrolment, 2)
    settlement = settlements.propose(enrolment, by=center_admin)
    settlements.contest(settlement, reason="not ours", by=owner)
    with pytest.raises(
        PortalError,
        match=said("Nothing has changed in the list of students. Put it right first, or stand by the settlement."),
    ):
        settlements.correct(settlement, answer="You are right.", by=center_admin)
    settlement.refresh_from_db()
    assert settlement.status == Status.CONTESTED
    Student.objects.filter(pk=wrong.pk).update(stage=Student.Stage.RETAKE)
    new = settlements.correct(settlement, answer="You are right.", by=center_admin)
    settlement.refresh_from_db()
    assert (settlement.status, new.status, new.number, new.students) == (Status.WITHDRAWN, Status.PROPOSED, 2, 1)
    assert settlements.settled_fen(enrolment) == charged(enrolment) == 1500
    told = Notification.objects.filter(recipient_key=owner.actor_key, kind="settlement.corrected")
    assert told.get().parameters == {"n": 1, "amount": 1500, "reason": "You are right."}


@pytest.mark.django_db
def test_database_keeps_what_a_settlement_says(enrolment, scoped, center_admin):
    capture(enrolment)
    settlement = settlements.propose(enrolment, by=center_admin)
    line = settlement.lines.get()
    for statement, key in (
        ("UPDATE billing_settlement SET students = 0, amount_fen = 0 WHERE id = %s", settlement.pk),
        ("UPDATE billing_settlementline SET name = 'x' WHERE id = %s", line.pk),
        ("DELETE FROM billing_settlementline WHERE id = %s", line.pk),
    ):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement, [key])


@pytest.mark.django_db
def test_erased_student_leaves_the_settlement_without_a_name(enrolment, school, center_admin):
    with school_scope(school):
        (student,) = capture(enrolment, stage=Student.Stage.REVIEW)
        settlements.propose(enrolment, by=center_admin)
    with center_scope():
        erasure.erase(student=student, reason="asked for", by=center_admin)
        line = SettlementLine.objects.get(student=student)
    assert (line.name, line.masked_id, line.class_name) == (erasure.ERASED, "", "")
    assert student.student_no not in line.student_no


@pytest.mark.django_db
def test_all_schools_at_once_where_there_is_something_to_settle(season, school, other_school, owner, center_admin):
    enrolment, other = factories.enrolment_of(school, season), factories.enrolment_of(other_school, season)
    paying_students = factories.school(season=season, code="10003", name="Hill College")
    for row in (enrolment, other):
        with school_scope(row.school):
            capture(row)
    with school_scope(school):
        settled(enrolment, owner, center_admin)
    with school_scope(paying_students):
        Enrolment.objects.filter(school=paying_students).update(payment_mode=Enrolment.PaymentMode.STUDENT)
    with system_scope():
        job = settlements.propose_to_all(season, by=center_admin)
        jobs.HANDLERS[job.kind].run(Job.objects.get(pk=job.pk))
        found = list(Settlement.objects.values_list("school", "status").order_by("id"))
    assert found == [
        (school.pk, Status.SIGNED), (other_school.pk, Status.PROPOSED)
    ]  # fmt: skip


@pytest.mark.django_db(transaction=True)
def test_two_at_once_make_one_settlement(school, season, center_admin):
    enrolment = factories.enrolment_of(school, season)
    with school_scope(school):
        capture(enrolment)
    results = at_once(*[lambda: settlements.propose(enrolment, by=center_admin)] * 2)
    assert sorted(type(result).__name__ for result in results) == ["PortalError", "Settlement"]
    with school_scope(school):
        assert fee_accounts.statement(enrolment).due_fen == settlements.settled_fen(enrolment) == 1500
