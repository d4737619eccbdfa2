"""What a class monitor sees: who of the own class is missing."""

import pytest
from django.urls import reverse

from portal import permissions
from portal.accounts import people
from portal.errors import PortalError
from portal.models import Role
from portal.student_limits import NONE, Limit
from tests import factories
from tests.conftest import client_of
from tests.test_permission_matrix import STAFF_PAGES, action_of, is_allowed

pytestmark = pytest.mark.django_db


@pytest.fixture
def monitor(school):
    return factories.person("monitor", Role.SCHOOL_MONITOR, school, limit=Limit(class_names=["一班"]))


def test_a_monitor_sees_who_of_the_own_class_is_missing(monitor, school, season):
    names = {"一班": ["赵甲", "钱乙", "孙丙"], "二班": ["李丁"]}
    rows = {name: factories.student(school, season, name=name, class_name=c) for c, ns in names.items() for name in ns}
    factories.photo(rows["孙丙"], "approved")
    client = client_of(monitor)
    assert client.get("/portal/")["Location"] == reverse("capture:missing")
    page = client.get(reverse("capture:missing")).content.decode()
    assert [name for name in rows if name in page] == ["赵甲", "钱乙"]
    assert rows["赵甲"].masked_id not in page


def test_a_monitor_may_open_nothing_else(monitor):
    """But what everybody may: the own account and the table of permissions."""
    opened = {page for page in STAFF_PAGES if is_allowed(monitor.membership, page, "get")}
    own = {page.name for page in opened if permissions.roles_of(action_of(page, "get")) != permissions.ALL_ROLES}
    assert own == {"capture:missing"}


def test_a_monitor_without_a_class_is_not_made(owner, school):
    with pytest.raises(PortalError):
        people._check_roles([Role.SCHOOL_MONITOR], school, NONE, owner.membership)
    people._check_roles([Role.SCHOOL_MONITOR], school, Limit(class_names=["一班"]), owner.membership)
