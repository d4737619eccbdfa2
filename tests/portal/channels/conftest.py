"""Students with a telephone, a kind of notification, and daylight."""

import pytest

from portal import notification_kinds, notifications
from portal.models import Delivery
from portal.notification_kinds import NotificationKind
from portal.notifications import quiet_hours
from portal.tenancy import system_scope
from schools.models import Season
from tests import factories

RETURNED = NotificationKind("test_returned", "Returned", "Reason: %(reason)s Please again.", link="/me/")
TEMPLATE = {"id": "1234567", "text": "你的照片被退回:{1}", "fields": {"1": "reason"}}
PHONE = "13812345678"


@pytest.fixture(autouse=True)
def _kind_and_scope(monkeypatch):
    monkeypatch.setitem(notification_kinds.KINDS, RETURNED.name, RETURNED)
    with system_scope():
        yield


@pytest.fixture
def is_night(monkeypatch):
    """`is_night[0] = True` makes it night."""
    hours = [False]
    monkeypatch.setattr(quiet_hours, "is_quiet", lambda at=None: hours[0])
    return hours


@pytest.fixture
def tell(school, db, is_night):
    """tell(reason, **of the student): the student and their deliveries by channel."""

    def call(reason="The eyes are shut.", student=None, **fields):
        student = student or factories.student(school, Season.objects.get(), **{"phone": PHONE} | fields)
        row = notifications.notify(student, school=school, kind=RETURNED.name, parameters={"reason": reason})
        return student, {delivery.channel: delivery for delivery in Delivery.objects.filter(notification=row)}

    return call
