"""What is refused leaves a line in the log: who asked for what, from where."""

import pytest
from django.test import Client

from portal.models import Role
from tests import factories
from tests.conftest import client_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def refusals(caplog):
    """The lines about refusals so far."""
    caplog.set_level("WARNING", "portal.security.refusals")
    return lambda: [each.getMessage() for each in caplog.records if each.name == "portal.security.refusals"]


def test_a_missing_right_is_logged_also_when_the_page_before_says_so(school, enrolment, refusals):
    helper = factories.person("helper", Role.SCHOOL_HELPER, school)
    client = client_of(helper)
    assert client.get("/school/roster/").status_code == 403
    answer = client.post("/school/roster/remove/", {"pick": ["1"]}, headers={"Referer": "http://testserver/school/"})
    assert answer.status_code == 302
    who = f"by user:{helper.pk} from 127.0.0.1"
    assert refusals() == [f"403 GET /school/roster/ {who}", f"403 POST /school/roster/remove/ {who}"]


def test_anothers_row_is_logged_and_a_strangers_wrong_address_is_not(outsider, student, refusals):
    assert client_of(outsider).get(f"/school/students/{student.pk}/").status_code == 404
    assert Client().get("/nowhere/").status_code == 404
    assert refusals() == [f"404 GET /school/students/{student.pk}/ by user:{outsider.pk} from 127.0.0.1"]


def test_a_program_without_a_right_is_logged(refusals):
    assert Client().get("/api/v1/students/").status_code in (401, 403)
    assert len(refusals()) == 1
    assert refusals()[0].endswith("GET /api/v1/students/ by visitor from 127.0.0.1")


@pytest.mark.parametrize("method", ["TRACE", "TRACK", "PROPFIND", "CONNECT"])
def test_methods_that_no_page_knows_are_refused(method, db):
    answer = Client().generic(method, "/", headers={"X-Probe": "mirror"})
    assert answer.status_code == 405
    assert b"mirror" not in answer.content
