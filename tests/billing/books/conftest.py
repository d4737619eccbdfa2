import datetime as dt

import pytest
from django.utils import timezone

from billing.accounts import fee_accounts, ledger
from billing.models import Order
from portal import history
from portal.models import Role
from portal.tenancy import system_scope
from students.models import Student
from tests import factories
from tests.conftest import client_of


@pytest.fixture(autouse=True)
def _every_school():
    with system_scope():
        yield


@pytest.fixture
def order(school, season):
    """Not paid yet."""
    return Order.objects.create(
        number="202611270001",
        school=school,
        season=season,
        student=factories.student(school, season),
        provider="simulator",
        merchant="simulator",
        amount_fen=1500,
        expires_at=timezone.now() + dt.timedelta(minutes=30),
    )


@pytest.fixture
def books(school, season, enrolment, center_admin, order):
    """Two students photographed, of 30 yuan 20 transferred; one student has paid 15 yuan online."""
    for _ in range(2):
        factories.student(school, season, stage=Student.Stage.APPROVED)
    fee_accounts.record_transfer(
        enrolment, by=center_admin, amount_fen=2000, booked_on=timezone.localdate(), reference="B-1", remarks="=1+1"
    )
    return ledger.confirm_payment(order, amount_fen=1500, external_id="P1", by=history.SYSTEM)


@pytest.fixture
def auditor():
    return client_of(factories.person("auditor", Role.CENTER_AUDITOR))


@pytest.fixture
def finance():
    return client_of(factories.person("finance", Role.CENTER_FINANCE))
