"""Every role at every page and API call of the staff: what the table of permissions allows opens, the rest is refused.

`tests.test_outsider` finds the pages and the objects in their addresses.
"""

import re
from functools import cache
from html.parser import HTMLParser
from typing import Any

import pytest
from django.http import Http404
from django.test import RequestFactory
from django.urls import Resolver404, resolve

from capture.models import AdmissionPhoto, Finding
from portal import permissions
from portal.errors import NotAllowed
from portal.models import Membership, Role
from portal.models.people import CENTER_ROLES
from portal.student_limits import Limit
from portal.tenancy import school_scope
from students.api import IsSchoolPerson
from students.models import Correction
from tests import factories
from tests.conftest import client_of
from tests.test_outsider import PAGES, Page, body, populate, snapshot, url_of

pytestmark = pytest.mark.django_db
# Everybody but the administrators, who may open all; and an officer limited to one college.
LIMITED = "limited officer"
PEOPLE = [*Role.values, LIMITED]
SLOW_FILES = {"students:roster_template", "proofing:feedback_form"}  # files without buttons; other tests open them


def is_api_of_staff(page: Page) -> bool:
    return IsSchoolPerson in getattr(getattr(page.view, "cls", None), "permission_classes", [])


STAFF_PAGES = [page for page in PAGES if page.portal in ("school", "center", "staff") or is_api_of_staff(page)]


def readable(school: Any, season: Any) -> dict[type, Any]:
    """Rows of every kind that pages can show."""
    found = populate(school, season)
    with school_scope(school):  # what pages show in clear must be text that was sealed
        Correction.objects.update(field=Correction.Field.NAME, wanted="李二", wanted_sealed=b"", evidence="")
        AdmissionPhoto.objects.all().delete()  # its picture, too
        Finding.objects.update(rule="sharpness", marks=[])
    return found


@pytest.fixture
def world(school, season, owner):
    return readable(school, season)


def person(name: str, school: Any) -> Membership:
    if name == LIMITED:
        limit = Limit(colleges=["信息学院"])
        return factories.person("limited", Role.SCHOOL_OFFICER, school, limit=limit).membership
    return factories.person(name, name, None if name in CENTER_ROLES else school).membership


def portal_of(page: Page) -> str:
    return "school" if is_api_of_staff(page) else page.portal


def action_of(page: Page, method: str) -> str:
    view = page.view.cls if is_api_of_staff(page) else page.view
    return (getattr(view, "to_post", "") if method == "post" else "") or view.may


def is_allowed(member: Membership, page: Page, method: str) -> bool:
    is_own = portal_of(page) in ("staff", "center" if member.is_center else "school")
    return is_own and permissions.may(member, action_of(page, method))


def is_refused(member: Membership, page: Page, method: str, world: Any) -> bool:
    """Whether the view refuses the person before it does anything."""
    request = getattr(RequestFactory(), method)(url_of(page, world))
    request.user, request.membership, request.htmx = member.user, member, False
    try:
        answer = page.view(request, **resolve(request.path).kwargs)
    except (NotAllowed, Http404):
        return True
    return answer.status_code in (403, 404, 405)


def test_what_the_table_does_not_allow_is_refused_to_every_role(world, school):
    before, tried, opened = snapshot(school), 0, []
    for name in PEOPLE:
        member = person(name, school)
        for page in STAFF_PAGES:
            for method in ("get", "post"):
                if not is_allowed(member, page, method):
                    tried += 1
                    if not is_refused(member, page, method, world):
                        opened.append((name, page.name, method))
    assert tried > 2000
    assert opened == []
    assert snapshot(school) | {"people": before["people"]} == before


class Ways(HTMLParser):
    """(method, address) of every form, and of every link that is drawn as a button, on a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        method = given.get("method", "get").lower()
        if tag == "form" and (method == "post" or given.get("action")):
            self.found.append((method, given.get("action", "")))
        if tag == "button" and "formaction" in given:
            self.found.append(("post", given["formaction"]))
        if tag == "a" and given.get("href"):
            self.found.append(("get", given["href"]))
        if "hx-get" in given:
            self.found.append(("get", given["hx-get"]))


BY_NAME = {page.name: page for page in STAFF_PAGES}


@cache
def page_at(path: str) -> Page | None:
    try:
        found = resolve(path)
    except Resolver404:
        return None
    return BY_NAME.get(found.view_name)


def test_an_allowed_page_opens_and_draws_nothing_that_the_role_may_not_do(world, school):
    failed, drawn = set(), set()
    for name in PEOPLE:
        if name.endswith("_admin"):  # may do everything of its portal
            continue
        member = person(name, school)
        client = client_of(member.user)
        for page in STAFF_PAGES:
            if is_allowed(member, page, "get") and page.name not in SLOW_FILES:
                url = url_of(page, world)
                answer = client.get(url)
                html = body(answer)
                if answer.status_code not in (200, 204, 302, 400, 404, 405, 422):
                    failed.add((name, page.name, answer.status_code))
                if answer.headers.get("Content-Type", "").startswith("text/html"):
                    for method, address in Ways(html).found:
                        target = page_at(re.split(r"[?#]", address)[0] or url)
                        if target and not is_allowed(member, target, method):
                            drawn.add((name, page.name, method, target.name))
    assert failed == set()
    assert drawn == set()
