import pytest

from billing.models import Settlement
from demo import payments
from students.models import Student
from tests import factories

pytestmark = pytest.mark.django_db


def test_demo_settles_with_a_school_once(enrolment, scoped, owner, center_admin):
    payments.settle(enrolment, by=center_admin, signed_by=owner)
    assert not Settlement.objects.exists()
    factories.student(scoped, enrolment.season, stage=Student.Stage.APPROVED)
    for _ in range(2):
        payments.transfer_fee(enrolment, by=center_admin, share=0.5)
        payments.settle(enrolment, by=center_admin, signed_by=owner)
    assert list(Settlement.objects.values_list("number", "status", "amount_fen")) == [(1, "signed", 1500)]
