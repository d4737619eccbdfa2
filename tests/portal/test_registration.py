"""The kernel names no room above it, and what the rooms register exists and is used."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.urls import reverse

from portal import access
from portal.models import Membership, Role
from portal.pages import navigation, panels
from tests import factories
from tests.conftest import client_of
from tests.support.addresses import dated
from tests.test_outsider import PAGES

ROOT = Path(__file__).resolve().parents[2]
ABOVE = ("schools", "students", "vision", "capture", "billing", "proofing", "printing", "year_end", "demo")
# A module or model ("students.models"), a URL name ("capture:review"), a template or an import of a room ("schools/x.html").
NAMES_A_ROOM = re.compile(rf"(?<![\w./-])(?:{'|'.join(ABOVE)})(?:\.[a-zA-Z_]\w*|:\w+|/\w+)")


def strings(path: Path) -> Iterator[tuple[int, str]]:
    """Every string of a module but its docstrings, with its line. f-strings give their fixed parts."""
    tree = ast.parse(path.read_text())
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docs = {id(node.body[0].value) for node in ast.walk(tree) if isinstance(node, documented) and _is_doc(node.body)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            yield node.lineno, node.value


def _is_doc(body: list[ast.stmt]) -> bool:
    return bool(body) and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant)


def named_in(text: str) -> list[str]:
    return NAMES_A_ROOM.findall(text)


def test_the_kernel_names_no_room_above_it():
    found = {
        f"{path.relative_to(ROOT)}:{line}: {text[:60]}"
        for path in (ROOT / "portal").rglob("*.py")
        if "migrations" not in path.parts
        for line, text in strings(path)
        if named_in(text)
    }
    assert found == set()


def test_the_kernels_pages_name_no_room_above_it():
    found = {
        f"{path.name}: {name}"
        for path in (ROOT / "templates" / "portal").rglob("*.html")
        for name in named_in(path.read_text())
    }
    assert found == set()


def test_the_schools_name_no_page_of_a_room_above_them():
    above = re.compile(rf"(?<![\w./-])(?:{'|'.join(set(ABOVE) - {'schools'})}):\w+")
    paths = [path for path in (ROOT / "schools").rglob("*.py") if path.name != "registration.py"]
    paths += (ROOT / "templates" / "schools").rglob("*.html")
    assert {f"{path.name}: {name}" for path in paths for name in above.findall(path.read_text())} == set()


@pytest.mark.parametrize(
    "text", ["schools.enrolment", "capture:review", "students/list.html", "label in (students.Student)", "vision.rules"]
)
def test_a_name_of_a_room_is_found(text):
    assert named_in(text)


@pytest.mark.parametrize("text", ["the schools.", "/school/students/", "Schools: all", "portal:people", "students"])
def test_words_are_no_names_of_a_room(text):
    assert not named_in(text)


def page_of(name: str):
    return next(page for page in PAGES if page.name == name)


@pytest.mark.parametrize("portal", ["center", "school"])
def test_the_menu_leads_to_pages_of_its_portal(portal):
    entries = navigation.entries(portal)
    assert len(entries) > 10
    assert {entry.name for entry in entries if page_of(entry.name).portal not in (portal, "staff")} == set()
    orders = [entry.order for entry in entries]
    assert len(set(orders)) == len(orders)


def test_panels_and_links_lead_to_pages_of_the_portals():
    names = {name for found in panels.registered().values() for entry in found for name in (entry.name, entry.page)}
    names |= {link.name for found in panels.links().values() for link in found} | set(panels.links())
    assert {name for name in names - {""} if page_of(name).portal not in ("center", "school", "staff")} == set()


def test_every_place_with_panels_is_shown_by_a_page():
    """The place stands as a string in a view below the rooms that fill it."""
    paths = [path for room in ("portal", *ABOVE) for path in (ROOT / room).rglob("*.py")]
    asked = {text for path in paths if path.name != "registration.py" for _line, text in strings(path)}
    assert set(panels.registered()) - asked == set()


def test_every_panel_of_the_rooms_is_registered():
    """A URL of a panel that nobody shows is forgotten, unless its own room's page asks for it."""
    shown = {entry.name for found in panels.registered().values() for entry in found}
    templates = "".join(path.read_text() for path in (ROOT / "templates").rglob("*.html"))
    own = {page.name for page in PAGES if f'"{page.name}"' in templates}
    assert {page.name for page in PAGES if page.name.split(":")[-1].startswith("panel_")} - shown - own == set()


FOR_ADMINISTRATORS = {"portal:school_looks", "portal:center_looks", "portal:retention", "portal:operation"}


@pytest.mark.django_db
def test_administrators_see_every_entry_of_the_menu_and_officers_nearly(
    owner_client, colleague, center_client, center_officer, season
):
    clients = {"school": [owner_client, client_of(colleague)], "center": [center_client, client_of(center_officer)]}
    for portal, home in (("school", "schools:school_home"), ("center", "schools:dashboard")):
        for client, hidden in zip(clients[portal], (set(), FOR_ADMINISTRATORS), strict=True):
            shown = client.get(reverse(home)).context["nav"]()
            wanted = [reverse(entry.name) for entry in navigation.entries(portal) if entry.name not in hidden]
            assert [item.url for item in shown] == wanted


@pytest.mark.django_db
def test_the_first_page_of_a_person_is_the_first_that_the_roles_open(school, season):
    homes = {Role.SCHOOL_OFFICER: "/school/", Role.SCHOOL_FINANCE: "/school/", Role.SCHOOL_HELPER: "/school/today/"}
    for role, home in homes.items():
        assert client_of(factories.person(role.value, role, school)).get("/portal/")["Location"] == dated(home)


@pytest.mark.django_db
def test_an_entry_and_a_panel_of_a_page_that_one_may_not_open_are_not_shown(center_client, season, monkeypatch):
    monkeypatch.setitem(access._ACTIONS, "billing:center_fees", "fees.choose_mode")
    monkeypatch.setitem(access._ACTIONS, "billing:panel_fees", "fees.choose_mode")
    answer = center_client.get(reverse("schools:dashboard"))
    urls = [item.url for item in answer.context["nav"]()]
    assert reverse("billing:center_fees") not in urls
    assert reverse("schools:season") in urls
    page = answer.content.decode()
    assert f'"{reverse("billing:panel_fees")}"' not in page
    assert reverse("printing:panel_printing") in page


def test_a_page_is_open_to_the_roles_of_its_action():
    assert access.may_open(Membership(roles=[Role.CENTER_OFFICER]), "billing:center_fees")
    assert not access.may_open(Membership(roles=[Role.CENTER_OFFICER]), "schools:season_new")
    assert not access.may_open(None, "schools:dashboard")


def test_the_tab_of_the_page_and_of_the_pages_below_it_is_the_active_one(rf, monkeypatch, center_admin):
    monkeypatch.setattr(navigation, "_TABS", {})
    navigation.register_tab("row", "billing:center_fees", "fees", order=20)
    navigation.register_tab("row", "schools:dashboard", "dashboard", order=10)
    navigation.register_tab("row", "billing:account", "a school's own", order=30)

    def active(path: str) -> list[str]:
        request = rf.get(path)
        request.membership = center_admin.membership
        return [tab.label for tab in navigation.tabs(request, "row") if tab.active]

    home, fees = reverse("schools:dashboard"), reverse("billing:center_fees")
    assert fees.startswith(home)  # the longer address wins
    assert active(home) == ["dashboard"]
    assert active(fees) == active(f"{fees}7/") == ["fees"]
    assert active("/other/") == []
