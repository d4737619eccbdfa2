"""A student who moves from one school to another: asked, granted, and what goes along."""

import pytest
from django.db import connection
from django.utils import timezone

from billing.accounts import fee_accounts, ledger, settlements
from billing.books import proof
from billing.models import LedgerEntry, Order, Receipt, SettlementLine, Waiver
from billing.online import orders, providers
from capture.judging import likeness
from capture.models import (
    Consent,
    Finding,
    FindingsByRule,
    Imprint,
    Likeness,
    Photo,
    PhotosByCollege,
    PhotosByDay,
    PhotosByState,
)
from capture.review import decisions, worklist
from portal import history
from portal.background import jobs
from portal.counters import proof as counter_proof
from portal.errors import Conflict, PortalError
from portal.models import Event, Notification
from portal.security import attempts
from portal.tenancy import school_scope, system_scope
from printing.models import PrintItem, PrintRun
from proofing.models import Proof
from schools.models import Enrolment, School
from students import records
from students.correcting import correction_evidence, corrections
from students.models import Correction, SchoolChange, Student
from students.moving import earlier_history, school_changes
from students.privacy import erasure
from students.roster import number_clashes
from tests import factories
from tests.support.corrections import DOCUMENT
from tests.support.lost_connection import stored_files
from tests.support.words import said

pytestmark = pytest.mark.django_db
Status, Stage = SchoolChange.Status, Student.Stage
NUMBER = factories.id_number(801)
NOT_ELSEWHERE = "No other school of this season has this document number. Add the student to your roster."
TOO_MANY = "Too many students that your school asked for still wait for an answer. Ask the center."
VALUES = {
    "student_no": "R77",
    "name": "李一",
    "level": "硕士",
    "college": "理学院",
    "major": "物理",
    "class_name": "物理2301",
}


@pytest.fixture(autouse=True)
def _every_school():
    with system_scope():
        yield


@pytest.fixture
def student(school, season):
    """At Lakeside University, which gives."""
    return factories.student(school, season, id_number=NUMBER, phone="13800000000")


@pytest.fixture
def ask(other_school, season, outsider):
    """Riverside University, the outsider's, asks."""

    def ask(**changed):
        with school_scope(other_school):
            values = VALUES | {"id_number": NUMBER} | changed
            row = school_changes.ask(school=other_school, season=season, by=outsider, **values)
        return school_changes.one(row.pk, party=other_school)

    return ask


@pytest.fixture
def move(ask, school, owner):
    """Asked, granted by the owner, and moved by the job."""

    def move():
        row = ask()
        with school_scope(school):
            school_changes.grant(row, by=owner)
        jobs.run(row.job_id)
        with system_scope():
            return SchoolChange.objects.select_related("moved_to__school", "moved_to__season", "student").get(pk=row.pk)

    return move


def unpaid(student, season):
    return Order.objects.create(
        number="20260001",
        school=student.school,
        season=season,
        student=student,
        provider="simulator",
        merchant="simulator",
        amount_fen=season.price_fen,
        expires_at=timezone.now(),
    )


def paid(student, season):
    order = unpaid(student, season)
    ledger.confirm_payment(order, amount_fen=order.amount_fen, external_id="SIM1", by=history.SYSTEM)
    student.refresh_from_db()
    return order


def test_each_photo_is_counted_and_listed_once_at_the_school_where_the_student_is(student, move, school, other_school):
    factories.photo(student, "rejected", is_current=False, findings={"eyes": "reject"})
    factories.photo(student, "submitted", attempt=2)
    counters = (PhotosByDay, PhotosByState, PhotosByCollege, FindingsByRule)
    assert [model.numbers("school_id") for model in counters] == [{school.pk: n} for n in (2, 1, 2, 1)]
    move()
    assert Photo.objects.count() == 4  # what was decided stays at the school before
    assert [model.numbers("school_id") for model in counters] == [{other_school.pk: n} for n in (2, 1, 2, 1)]
    assert PhotosByCollege.numbers("college", is_first=True) == {VALUES["college"]: 1}
    assert counter_proof.prove().faults == {}
    assert worklist.photos_of(student.season, school).count() == 0
    assert worklist.CenterPhotos(student.season, {"attempts": "every"}).count == 2


def test_who_asks_is_not_told_where_the_student_is(student, ask, school, owner):
    row = ask()
    assert row.status == Status.ASKED
    assert row.giving == school
    told = Notification.objects.get(kind="school_change.asked")
    assert (told.school_id, told.recipient_key) == (school.pk, owner.actor_key)
    assert Event.objects.filter(kind="student.change_asked", school=school).count() == 1
    with pytest.raises(Conflict):
        ask()


def test_a_number_that_nobody_has_is_not_asked_for(ask):
    with pytest.raises(
        PortalError,
        match=said(NOT_ELSEWHERE),
    ):
        ask(id_number=factories.id_number(901))
    assert Event.objects.filter(kind="student.not_elsewhere").count() == 1
    with pytest.raises(records.WrongData):
        ask(id_number=NUMBER[:-1] + "0", major="")


def test_numbers_are_not_found_out_by_asking_for_one_after_another(student, ask, monkeypatch, outsider):
    monkeypatch.setattr(number_clashes, "MOST_OPEN", 2)
    for n in (901, 902, 903):
        with pytest.raises(PortalError, match=said(NOT_ELSEWHERE)):
            ask(id_number=factories.id_number(n))
    with pytest.raises(attempts.Delayed):
        ask(id_number=factories.id_number(904))
    with pytest.raises(attempts.Delayed):
        ask()  # nor is a hit told apart


def test_who_takes_a_request_back_may_not_ask_for_ever(school, season, ask, monkeypatch, outsider):
    monkeypatch.setattr(number_clashes, "MOST_OPEN", 2)
    for n in (811, 812, 813):
        factories.student(school, season, id_number=factories.id_number(n))
    for n in (811, 812):
        school_changes.withdraw(ask(id_number=factories.id_number(n)), by=outsider)
    with pytest.raises(PortalError, match=said(TOO_MANY)):
        ask(id_number=factories.id_number(813))


def test_the_student_arrives_with_photo_verdict_consent_and_imprint(student, move, other_school):
    photo = factories.photo(student, Photo.Status.APPROVED, findings={"ears": "warn"})
    foreign = factories.photo(factories.student(other_school, student.season), Photo.Status.APPROVED)
    with system_scope():
        likeness.store_imprint(photo, "ab" * 64)
        Likeness.objects.create(school=other_school, photo=foreign, other=photo, bits=3)
    before = factories.content(photo.portrait)
    row = move()
    new = row.moved_to
    assert (row.status, new.school, new.student_no, new.stage) == (Status.MOVED, other_school, "R77", Stage.APPROVED)
    assert (new.id_number, new.class_name, new.phone) == (NUMBER, "物理2301", "13800000000")
    twin = Photo.objects.get(student=new)
    assert (twin.is_current, twin.status, twin.taken_at) == (True, Photo.Status.APPROVED, photo.taken_at)
    assert twin.portrait.name.startswith(f"portraits/{other_school.pk}/")
    assert factories.content(twin.portrait) == before
    assert Finding.objects.get(photo=twin).rule == "ears"
    assert Imprint.objects.get().photo == twin
    assert Likeness.objects.get().other == twin
    assert Consent.objects.filter(student=new, ended_at=None).count() == 1


def test_whom_nobody_has_handed_over_stays(student, ask, other_school, school, season, owner):
    """The school that asks writes its own row and a job for it; what it cannot write is the line of who handed over."""
    row = ask()
    with school_scope(other_school):
        SchoolChange.objects.filter(pk=row.pk).update(status=Status.MOVING)
        job = jobs.create(
            "school_change",
            by=history.SYSTEM,
            school=other_school,
            season=season,
            params={"change": row.pk, "by": owner.pk},
        )
    jobs.run(job.pk)
    assert SchoolChange.objects.get(pk=row.pk).moved_to is None
    assert Student.objects.get(pk=student.pk).stage != Stage.LEFT


def test_another_student_than_the_one_handed_over_stays(student, ask, other_school, school, season, owner):
    row, other = ask(), factories.student(school, season)
    with school_scope(school):
        granted = school_changes.grant(row, by=owner)
    with school_scope(other_school):
        SchoolChange.objects.filter(pk=row.pk).update(student=other.pk)
    jobs.run(granted.job_id)
    assert Student.objects.get(pk=other.pk).stage != Stage.LEFT
    assert SchoolChange.objects.get(pk=row.pk).status == Status.FAILED


def test_what_stays_behind_names_nobody_and_has_no_files(student, move, school, django_capture_on_commit_callbacks):
    factories.photo(student, Photo.Status.APPROVED)
    count = len(stored_files())
    with django_capture_on_commit_callbacks(execute=True):
        move()
    student.refresh_from_db()
    assert (student.stage, student.is_erased, student.phone) == (Stage.LEFT, True, "")
    assert "李一" not in student.name
    assert student.school == school
    assert not Photo.objects.filter(student=student, is_current=True).exists()
    assert len(stored_files()) == count
    assert Event.objects.filter(kind="student.moved_away", school=school).count() == 1
    with pytest.raises(Conflict), school_scope(school):
        records.change_student(student=student, by=history.SYSTEM, name="别人")


EVENTS = "SELECT kind, facts::text FROM portal_event WHERE object_type = 'students.student' AND object_id = %s"


def _read(pk, place):
    """(kind, facts) of the events of one student as the database shows them to one school."""
    with school_scope(place), connection.cursor() as cursor:
        cursor.execute(EVENTS, [pk])
        return dict(cursor.fetchall())


def test_what_happened_before_is_read_at_the_new_school_only_and_names_no_person(
    student, move, school, other_school, season, owner
):
    photo = factories.photo(student, Photo.Status.SUBMITTED)
    Student.objects.filter(pk=student.pk).update(stage=Stage.REVIEW)
    with school_scope(school):
        decisions.return_(photo=photo, reason="请露出双耳", by=owner)
    student.refresh_from_db()
    paid(student, season)
    new = move().moved_to
    [earlier] = earlier_history.earlier_schools(new)
    assert earlier.name == school.name
    assert {"photo.returned", "student.retake", "student.fee"} <= {line.event.kind for line in earlier.lines}
    fee = next(line for line in earlier.lines if line.event.kind == "student.fee")
    assert [value for _label, value in fee.details] == [
        f"{Student.FeeState.UNPAID.label} → {Student.FeeState.PAID.label}"
    ]

    there = _read(new.pk, other_school)[earlier_history.ARRIVAL]
    assert "photo.returned" in there
    assert all(text not in there for text in (owner.actor_name, owner.actor_key, student.actor_key, "请露出双耳"))
    assert "student.moved_away" in _read(student.pk, school)
    assert _read(student.pk, other_school) == _read(new.pk, school) == {}
    third = School.objects.create(
        code="9", name="Third University", short_name="Third", kind=school.kind, area=school.area
    )
    assert _read(student.pk, third) == _read(new.pk, third) == {}


def test_what_happened_at_two_schools_goes_along(student, move):
    first = move().moved_to
    assert [entry["lines"] for entry in earlier_history.copied(first)] == [[], []]
    assert [entry["school"] for entry in earlier_history.copied(first)] == [first.school.name, student.school.name]


def test_money_goes_along_and_the_books_agree(student, move, school, other_school, season):
    factories.photo(student)
    order = paid(student, season)
    new = move().moved_to
    assert new.fee_state == Student.FeeState.PAID
    order.refresh_from_db()
    twin = Order.objects.get(student=new)
    assert (order.status, twin.status, twin.number_at_provider) == (Order.Status.MOVED, Order.Status.PAID, order.number)
    with system_scope():
        for place, received in ((school, 0), (other_school, season.price_fen)):
            statement = fee_accounts.statement(factories.enrolment_of(place, season))
            assert statement.student_fen == received
        assert LedgerEntry.objects.filter(kind="moved").count() == 2
        assert Receipt.objects.get(order=order).is_void
        assert Receipt.objects.get(order=twin).payer == "李一"
    assert proof.prove().faults == {}


def test_money_that_went_along_is_paid_back_under_the_first_number(student, move, season, center_admin):
    factories.photo(student)
    order = paid(student, season)
    twin = Order.objects.select_related("school", "season", "student").get(student=move().moved_to)
    told = providers.Refund(
        order_number=order.number,
        number=f"{twin.number}R1",
        external_id="RF1",
        amount_fen=order.amount_fen,
        state=providers.State.REFUNDED,
    )
    with system_scope():
        Order.objects.filter(pk=twin.pk).update(status=Order.Status.REFUNDING, refund_number=told.number)
        found = orders._order_of(told)
        assert found == twin
        ledger.post_refund(found, amount_fen=told.amount_fen, external_id=told.external_id, by=center_admin)
    twin.student.refresh_from_db()
    assert twin.student.fee_state == Student.FeeState.UNPAID
    assert proof.prove().faults == {}


def test_a_signed_settlement_stays_and_a_supplement_follows(student, move, school, other_school, season, owner):
    factories.photo(student)
    enrolment = factories.enrolment_of(school, season)
    with school_scope(school):
        signed = settlements.sign(settlements.propose(enrolment, by=owner), by=owner)
    row = move()
    assert row.told["settled"] == str(signed)
    assert SettlementLine.objects.get().name == "李一"
    with school_scope(school):
        assert settlements.difference(enrolment).taken_off == {student.pk}
        assert fee_accounts.statement(enrolment).charged_fen == 0
    with school_scope(other_school):
        there = factories.enrolment_of(other_school, season)
        assert settlements.difference(there).added == {row.moved_to_id}


def test_a_waiver_goes_along(student, move, season, center_admin):
    with school_scope(student.school):
        Waiver.objects.create(school=student.school, season=season, student=student, kind="hardship", reason="R")
        ledger.set_fee_state(student, Student.FeeState.WAIVED, by=center_admin)
    new = move().moved_to
    assert new.fee_state == Student.FeeState.WAIVED
    assert Waiver.objects.get(student=new).revoked_at is None
    assert Waiver.objects.get(student=student).revoked_at is not None


def test_who_has_proofread_does_so_again_because_what_is_printed_has_changed(student, move):
    photo = factories.photo(student, Photo.Status.APPROVED)
    with school_scope(student.school):
        Proof.objects.create(school=student.school, season=student.season, student=student, photo=photo)
        Student.objects.filter(pk=student.pk).update(stage=Stage.PROOFED)
    new = move().moved_to
    assert new.stage == Stage.APPROVED
    assert Proof.objects.get(student=new).photo.student == new
    assert Notification.objects.filter(recipient_key=new.actor_key, kind="student.proof_reopened").count() == 1


@pytest.mark.parametrize("what", ["printed", "ordered", "checking", "refund", "sent"])
def test_what_is_in_the_way_is_said_and_nothing_is_moved(what, student, ask, school, season, owner):
    row = ask()
    with school_scope(school):
        if what in ("printed", "checking"):
            Student.objects.filter(pk=student.pk).update(stage=what)
        elif what == "ordered":
            photo = factories.photo(student, Photo.Status.APPROVED)
            run = PrintRun.objects.create(
                school=school, season=season, enrolment=factories.enrolment_of(school, season)
            )
            PrintItem.objects.create(school=school, run=run, student=student, photo=photo)
        elif what == "refund":
            order = paid(student, season)
            Order.objects.filter(pk=order.pk).update(status=Order.Status.REFUNDING)
        else:
            Enrolment.objects.filter(school=school).update(status=Enrolment.Status.FEEDBACK_SENT)
        with pytest.raises(PortalError):
            school_changes.grant(row, by=owner)
    row.refresh_from_db()
    assert row.status == Status.ASKED


def test_an_undecided_correction_ends_here_and_who_the_student_is_is_opened_there(student, move, school, owner):
    with school_scope(school):
        number = factories.id_number(803 if student.gender == "male" else 804)
        asked = {"number": {"field": "id_number", "wanted": number}, "major": {"field": "major", "wanted": "会计学"}}
        for values in asked.values():
            corrections.request_correction(student=student, by=student, **values)
        of_number = Correction.objects.get(field="id_number")
        correction_evidence.attach(of_number, jpeg=DOCUMENT, by=student)
    change = move()
    with system_scope():
        assert set(Correction.objects.filter(student=student).values_list("status", flat=True)) == {"withdrawn"}
        there = Correction.objects.get(student=change.moved_to)
        assert (there.school_id, there.field, there.status) == (change.school_id, "id_number", "open")
        assert corrections.wanted_value(there) == number
        assert correction_evidence.content_of(there) == DOCUMENT
        said_here = Correction.objects.filter(student=student).values_list(
            "wanted", "wanted_sealed", "explanation", "evidence"
        )
        assert set(said_here) == {("", None, "", "")}
    assert change.told["corrections"] == 1


def test_an_open_order_is_closed_at_the_provider_and_the_fee_stays_open(student, move, season):
    factories.photo(student)
    order = unpaid(student, season)
    assert move().moved_to.fee_state == Student.FeeState.UNPAID
    order.refresh_from_db()
    assert order.status == Order.Status.CLOSED


def test_a_job_that_finds_something_in_the_way_gives_the_request_back(student, ask, school, owner):
    row = ask()
    with school_scope(school):
        school_changes.grant(row, by=owner)
        Student.objects.filter(pk=student.pk).update(stage=Stage.CHECKING)
    jobs.run(row.job_id)
    with system_scope():
        row.refresh_from_db()
    assert row.status == Status.FAILED
    assert row.answer
    assert Student.objects.filter(student_no="R77").count() == 0
    with school_scope(school):
        Student.objects.filter(pk=student.pk).update(stage=Stage.WAITING)
        school_changes.grant(row, by=owner)
    jobs.run(row.job_id)
    assert Student.objects.get(student_no="R77").id_number == NUMBER


def test_refusing_needs_a_reason_that_the_other_school_reads(student, ask, school, owner, outsider):
    row = ask()
    with school_scope(school):
        with pytest.raises(PortalError):
            school_changes.refuse(row, answer=" ", by=owner)
        school_changes.refuse(row, answer="还在读", by=owner)
    told = Notification.objects.get(kind="school_change.refused")
    assert (told.recipient_key, told.parameters["reason"]) == (outsider.actor_key, "还在读")


def test_erasing_who_moved_takes_the_name_off_both_schools(student, move, center_admin):
    row = move()
    with system_scope():
        erasure.erase(student=row.moved_to, reason="asked", by=center_admin)
        row.refresh_from_db()
    assert row.name == erasure.ERASED
    assert "R77" not in (row.student_no, row.student_no_before)
