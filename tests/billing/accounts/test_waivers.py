import io

import openpyxl
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from billing.accounts import fee_accounts, overview, waivers
from billing.models import Order, Waiver
from billing.online import orders
from billing.online.providers.simulator import Simulator
from capture.models import Photo
from capture.upload import submission
from portal.errors import Conflict, PortalError
from portal.models import Event, Notification
from portal.tenancy import school_scope, system_scope
from schools.models import Enrolment
from students.models import Student
from students.privacy import erasure
from tests import factories
from tests.conftest import client_of
from tests.support.words import said

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("scoped")]
FeeState = Student.FeeState


def grant(students, season, by, **values):
    values = {"kind": Waiver.Kind.HARDSHIP, "reason": "低保证 0071"} | values
    return waivers.grant(students=[student.pk for student in students], season=season, by=by, **values)


def let_students_pay(enrolment) -> Enrolment:
    with system_scope():
        Enrolment.objects.filter(pk=enrolment.pk).update(payment_mode=Enrolment.PaymentMode.STUDENT)
    enrolment.payment_mode = Enrolment.PaymentMode.STUDENT
    return enrolment


def pay(student, enrolment) -> Order:
    with school_scope(student.school):
        order = orders.open_order(student=student, enrolment=enrolment)
    orders.receive_callback("simulator", Simulator().pay(order_number=order.number, amount_fen=order.amount_fen))
    order.refresh_from_db()
    return order


def state_of(student) -> str:
    return Student.objects.get(pk=student.pk).fee_state


def test_who_is_waived_hands_in_without_paying_and_is_told(student, enrolment, center_admin):
    let_students_pay(enrolment)
    photo = factories.photo(student, Photo.Status.READY)
    with school_scope(student.school), pytest.raises(submission.FeeDue):
        submission.submit(student=student, enrolment=enrolment, by=student)
    assert grant([student], enrolment.season, center_admin).waived == 1
    submission.sweep_awaiting()
    photo.refresh_from_db()
    assert (photo.status, state_of(student)) == (Photo.Status.SUBMITTED, FeeState.WAIVED)
    told = Notification.objects.get(recipient_key=student.actor_key, kind="fee.waived")
    assert told.parameters == {"waiver": "hardship"}


def test_the_schools_debt_counts_neither_the_waived_nor_the_paid(school, season, enrolment, center_admin):
    waived, _billed = (factories.student(school, season, stage=Student.Stage.APPROVED) for _ in range(2))
    grant([waived], season, center_admin)
    sums = fee_accounts.statement(enrolment)
    assert (sums.photographed, sums.waived, sums.billed, sums.charged_fen) == (2, 1, 1, 1500)
    row = next(row for row in overview.by_school(season) if row.enrolment == enrolment)
    assert (row.billed, row.charged_fen) == (1, 1500)
    fee_accounts.post_charge(enrolment, by=center_admin)
    assert state_of(waived) == FeeState.WAIVED  # not taken for one of those that the school pays for


def test_who_has_paid_and_who_has_a_waiver_are_left_out(school, season, enrolment, center_admin):
    let_students_pay(enrolment)
    payer, waived, other = (factories.student(school, season) for _ in range(3))
    pay(payer, enrolment)
    grant([waived], season, center_admin)
    assert grant([payer, waived, other], season, center_admin) == waivers.Granted(waived=1, had=1, paid=1)
    assert state_of(payer) == FeeState.PAID
    assert Waiver.objects.count() == 2


@pytest.mark.parametrize("wrong", [{"kind": "friend"}, {"reason": "  "}])
def test_a_waiver_has_a_kind_and_a_reason(student, season, center_admin, wrong):
    with pytest.raises(PortalError):
        grant([student], season, center_admin, **wrong)
    assert state_of(student) == FeeState.UNPAID


def test_nobody_of_another_season_is_waived(school, season, center_admin):
    earlier = factories.season(year=season.year - 1, status="closed")
    with pytest.raises(PortalError):
        grant([factories.student(school, earlier)], season, center_admin)


def test_revoked_the_fee_is_due_again_once(student, season, enrolment, center_admin):
    let_students_pay(enrolment)
    grant([student], season, center_admin)
    waiver = waivers.revoke(Waiver.objects.get(), reason="granted by mistake", by=center_admin)
    assert (state_of(student), waiver.revoked_by) == (FeeState.UNPAID, center_admin)
    with pytest.raises(Conflict):
        waivers.revoke(Waiver.objects.get(), reason="again", by=center_admin)
    assert grant([student], season, center_admin).waived == 1  # a new one beside the record of the old
    assert Waiver.objects.count() == 2


def test_a_payment_on_its_way_is_booked_and_after_its_refund_the_waiver_counts_again(
    student, season, enrolment, center_admin
):
    let_students_pay(enrolment)
    with school_scope(student.school):
        order = orders.open_order(student=student, enrolment=enrolment)
    message = Simulator().pay(order_number=order.number, amount_fen=order.amount_fen)
    grant([student], season, center_admin)
    orders.receive_callback("simulator", message)
    assert state_of(student) == FeeState.PAID
    order.refresh_from_db()
    orders.refund_order(order, by=center_admin)
    assert state_of(student) == FeeState.WAIVED


def test_the_open_order_is_closed_at_the_next_turn(student, season, enrolment, center_admin):
    let_students_pay(enrolment)
    with school_scope(student.school):
        order = orders.open_order(student=student, enrolment=enrolment)
    grant([student], season, center_admin)
    for pk in orders.due():
        orders.settle(pk)
    order.refresh_from_db()
    assert order.status == Order.Status.CLOSED


def test_the_reason_goes_with_the_person_and_is_never_in_the_history(student, season, center_admin):
    grant([student], season, center_admin, reason="母亲重病")
    assert "母亲重病" not in str(list(Event.objects.values_list("facts", flat=True)))
    with system_scope():
        erasure.erase(student=student, reason="asked", by=center_admin)
    assert Waiver.objects.get().reason == erasure.ERASED


def test_center_picks_students_and_finds_exports_and_revokes_waivers(school, season, center_client):
    picked, other = (factories.student(school, season, name=name) for name in ("王一", "赵二"))
    page = center_client.get(reverse("billing:waiver_grant"), {"q": "王"}).content.decode()
    assert "王一" in page
    assert "赵二" not in page
    form = {"pick": [picked.pk], "kind": "retake", "reason": "=2021 年已交费"}
    assert center_client.post(reverse("billing:waiver_grant"), form).status_code == 302
    page = center_client.get(reverse("billing:waivers"), {"kind": "retake", "state": "in_force"}).content.decode()
    assert "王一" in page
    assert "赵二" not in page
    assert school.name in page
    file = center_client.post(reverse("billing:waivers_export"), {"kind": "retake"}).content
    rows = list(openpyxl.load_workbook(io.BytesIO(file)).active.values)
    assert rows[1][2:5] == ("王一", said("Retake of last year"), "'=2021 年已交费")
    waiver = Waiver.objects.get()
    center_client.post(reverse("billing:waiver_revoke", args=[waiver.pk]), {"reason": "mistake"})
    page = center_client.get(reverse("billing:waivers"), {"state": "revoked"}).content.decode()
    assert "王一" in page
    assert "mistake" in page
    assert other.pk not in Waiver.objects.values_list("student", flat=True)


def test_granting_asks_for_the_password(student, center_admin):
    client = client_of(center_admin, gave_password=False)
    client.post(reverse("billing:waiver_grant"), {"pick": [student.pk], "kind": "retake", "reason": "x"})
    assert not Waiver.objects.exists()


def test_the_list_asks_as_many_queries_for_four_as_for_one(school, season, center_admin, center_client):
    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            center_client.get(reverse("billing:waivers"))
        return sum("portal_look" not in query["sql"] for query in asked)  # the same look again is not written

    grant([factories.student(school, season)], season, center_admin)
    queries()
    for_one = queries()
    grant([factories.student(school, season) for _ in range(3)], season, center_admin)
    assert queries() == for_one
