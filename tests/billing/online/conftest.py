"""What the tests of online payment begin with."""

from billing.accounts import fee_accounts
from portal.models import User
from portal.tenancy import system_scope
from schools.models import Enrolment


def take(enrolment: Enrolment, *merchants: str) -> None:
    """The season takes payments with these merchants."""
    enrolment.season.payment_merchants = list(merchants)
    with system_scope():
        enrolment.season.save()


def let_students_pay(enrolment: Enrolment, owner: User, *merchants: str) -> Enrolment:
    take(enrolment, *merchants)
    return fee_accounts.choose_payment_mode(enrolment, mode=Enrolment.PaymentMode.STUDENT, by=owner)
