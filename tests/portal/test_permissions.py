"""Who may do what: every page names an action, every action is used, and the table can be read."""

import io
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from django.core.management import call_command
from django.http import HttpResponse
from django.template import engines

from portal import access, permissions
from portal.errors import NotAllowed
from portal.models import Membership, Role
from portal.models.people import CENTER_ROLES, SCHOOL_ROLES
from students.api import IsSchoolPerson
from tests.conftest import client_of
from tests.support.words import said
from tests.test_outsider import PAGES

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("portal", "schools", "students", "capture", "billing", "proofing", "printing", "year_end", "demo")
# How an action is named in Python (`may="fees.refund"`, `permissions.may(member, "fees.refund")`) and in templates.
IN_PYTHON = re.compile(r'(?:\b(?:may|to_post)\s*=\s*|permissions\.\w+\((?:[\w.]+,\s*)?)"([\w.]+)"')
IN_TEMPLATES = re.compile(r'\|may:"([\w.]+)"')


def named() -> set[str]:
    """The actions that Python and templates ask for; the registrations themselves do not count."""
    found = set()
    for room in ROOMS:
        for path in (ROOT / room).rglob("*.py"):
            if path.name not in ("registration.py", "permissions.py") and "management" not in path.parts:
                found |= set(IN_PYTHON.findall(_code(path)))
    for path in (ROOT / "templates").rglob("*.html"):
        found |= set(IN_TEMPLATES.findall(path.read_text()))
    return found


def _code(path: Path) -> str:
    """Without docstrings, which show examples."""
    return re.sub(r'""".*?"""', "", path.read_text(), flags=re.DOTALL)


def test_every_page_of_the_portals_names_a_registered_action():
    pages = [page for page in PAGES if page.portal in ("school", "center", "staff")]
    assert len(pages) > 100
    wrong = {page.name for page in pages if page.view.may not in permissions.ACTIONS}
    wrong |= {page.name for page in pages if page.view.to_post and page.view.to_post not in permissions.ACTIONS}
    assert wrong == set()


def test_what_is_asked_for_is_registered_and_what_is_registered_is_asked_for():
    assert named() == set(permissions.ACTIONS)


def test_a_page_of_one_portal_asks_for_an_action_that_somebody_there_may_do():
    for page in PAGES:
        if page.portal in ("school", "center"):
            own = CENTER_ROLES if page.portal == "center" else SCHOOL_ROLES
            assert permissions.roles_of(page.view.may) & own, page.name


def test_every_role_belongs_to_the_center_or_to_a_school():
    assert set(Role) == CENTER_ROLES | SCHOOL_ROLES
    assert not CENTER_ROLES & SCHOOL_ROLES


def test_an_auditor_only_reads():
    own = {name for name, action in permissions.ACTIONS.items() if Role.CENTER_AUDITOR in action.roles}
    assert {name.partition(".")[2] for name in own} == {"see", "see_all", "read"}


def test_every_action_stands_in_the_table():
    shown = [action.name for _label, actions in permissions.by_subject() for action in actions]
    assert sorted(shown) == sorted(permissions.ACTIONS)


def test_a_page_of_an_action_that_nobody_registered_stops_the_start():
    with pytest.raises(LookupError, match=r"fees\.refnud"):
        access.center_page(may="fees.refnud")(lambda request: HttpResponse())


def test_a_template_that_asks_for_an_action_that_nobody_registered_fails():
    template = engines["django"].from_string('{% if membership|may:"fees.refnud" %}x{% endif %}')
    with pytest.raises(LookupError):
        template.render({"membership": None})


def test_an_action_is_registered_once():
    with pytest.raises(ValueError, match="twice"):
        permissions.register("fees.refund", "x", roles=permissions.ALL_ROLES)


def test_somebody_without_a_membership_may_nothing():
    assert not any(permissions.may(None, name) for name in permissions.ACTIONS)


def test_a_refusal_says_what_is_refused():
    with pytest.raises(NotAllowed, match=said("Refund a payment")):
        permissions.check(Membership(roles=[Role.SCHOOL_ADMIN]), "fees.refund")
    permissions.check(Membership(roles=[Role.CENTER_ADMIN]), "fees.refund")


@pytest.mark.django_db
def test_a_form_may_ask_for_more_than_its_page(enrolment, colleague, owner_client):
    officer = client_of(colleague)
    assert officer.get("/school/fees/").status_code == 200
    assert officer.post("/school/fees/", {"payment_mode": "student"}).status_code == 403
    assert owner_client.post("/school/fees/", {"payment_mode": "student"}).status_code == 302


@pytest.mark.django_db
def test_the_api_asks_for_the_action_of_its_view(enrolment, colleague, owner_client, monkeypatch):
    only_admins = replace(permissions.ACTIONS["roster.import"], roles=frozenset({Role.SCHOOL_ADMIN}))
    monkeypatch.setitem(permissions.ACTIONS, "roster.import", only_admins)
    officer = client_of(colleague)
    assert officer.post("/api/v1/roster-imports/").status_code == 403
    assert owner_client.post("/api/v1/roster-imports/").status_code == 400
    assert officer.get("/api/v1/students/").status_code == 200


def test_every_view_of_the_api_for_staff_names_a_registered_action():
    views = [
        page.view.cls
        for page in PAGES
        if IsSchoolPerson in getattr(getattr(page.view, "cls", None), "permission_classes", [])
    ]
    assert views
    assert {view.may for view in views} <= permissions.ACTIONS.keys()


def printed(*options: str) -> str:
    out = io.StringIO()
    call_command("permissions", *options, stdout=out)
    return out.getvalue()


def test_the_table_is_printed_for_people_and_for_programs():
    lines = printed().splitlines()
    assert lines[0].split() == Role.values
    assert len(lines) == len(permissions.ACTIONS) + 1
    refund = next(line for line in lines if line.startswith("fees.refund"))
    assert refund.split()[1:12] == ["x", "-", "-", "x", *"-------"]
    assert json.loads(printed("--json"))["fees.refund"] == ["center_admin", "center_finance"]
