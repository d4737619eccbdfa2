"""The base class of lists: filters and order; unknown values are ignored with a sentence."""

import re
from pathlib import Path

import pytest
from django.db.models import Q
from django.urls import reverse

from portal.errors import PortalError
from portal.pages.lists import List, cases, choice, search
from schools.models import Area
from tests.support.database import let_delete
from tests.support.words import said

pytestmark = pytest.mark.django_db


class Areas(List):
    filters = {
        "q": search("name__startswith", "code__startswith"),
        "code": choice("code", [("north", "North"), ("south", "South")], label="Area code"),
        "place": cases({"first": ("First", Q(position=0)), "later": ("Later", Q(position__gt=0))}, label="Place"),
    }
    sorts = {"": ("position",), "name": ("name", "-position")}
    page_size = 2


@pytest.fixture
def areas(db):
    let_delete(Area)
    Area.objects.all().delete()
    for position, code in enumerate(("north", "south", "east")):
        Area.objects.create(code=code, name=code.title(), position=position)
    return Area.objects.all()


def codes(areas, **asked):
    return [area.code for area in Areas(areas, asked).found]


def test_filters_search_and_order(areas):
    assert codes(areas) == ["north", "south", "east"]
    assert codes(areas, q="So") == codes(areas, q=" so ") == codes(areas, code="south") == ["south"]
    assert codes(areas, place="later", q="no") == []
    assert codes(areas, sort="-name") == ["south", "north", "east"]


def test_reverse_order_turns_every_column_round(areas):
    assert Areas(areas, {"sort": "-name"}).found.query.order_by == ("-name", "position")


def test_numbers_leave_their_own_filter_out(areas):
    listed = Areas(areas, {"code": "south", "place": "later"})
    assert [(each.value, each.count) for each in listed.chips("code")] == [("north", 0), ("south", 1)]
    assert listed.counts("place") == {"first": 0, "later": 1}


def test_pages(areas):
    assert [len(Areas(areas, {"page": page}).page) for page in ("", "1", "2")] == [2, 2, 1]
    assert Areas(areas, {"page": "2"}).problems == []


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        (
            {"code": "nonsense"},
            said(
                "“%(value)s” is not known for “%(filter)s”; this filter is left out.",
                value="nonsense",
                filter="Area code",
            ),
        ),
        (
            {"place": "first'"},
            said("“%(value)s” is not known for “%(filter)s”; this filter is left out.", value="first'", filter="Place"),
        ),
        (
            {"q": "a\0b"},
            said("“%(value)s” is not known for “%(filter)s”; this filter is left out.", value="a\0b", filter="Search"),
        ),
        (
            {"sort": "password"},
            said("The list cannot be sorted by “%(value)s”; it stands in its usual order.", value="password"),
        ),
        ({"sort": "-"}, said("The list cannot be sorted by “%(value)s”; it stands in its usual order.", value="-")),
        (
            {"sort": "--name"},
            said("The list cannot be sorted by “%(value)s”; it stands in its usual order.", value="--name"),
        ),
        ({"page": "abc"}, said("There is no page “%(value)s”; page %(number)d is shown.", value="abc", number=1)),
        ({"page": "99"}, said("There is no page “%(value)s”; page %(number)d is shown.", value="99", number=2)),
        ({"page": "-1"}, said("There is no page “%(value)s”; page %(number)d is shown.", value="-1", number=2)),
    ],
)
def test_what_is_not_known_is_said_and_left_out(areas, asked, sentence):
    listed = Areas(areas, asked)
    assert [str(problem) for problem in listed.problems] == [sentence]
    assert len(listed.found) == 3
    assert listed.chosen == {}


def test_an_export_or_action_refuses_what_is_not_known(areas):
    assert Areas(areas, {"code": "south", "page": "abc"}).require_known().chosen == {"code": "south"}
    with pytest.raises(
        PortalError,
        match=said(
            "“%(value)s” is not known for “%(filter)s”; this filter is left out.", value="nonsense", filter="Area code"
        ),
    ):
        Areas(areas, {"code": "nonsense"}).require_known()
    with pytest.raises(
        PortalError, match=said("The list cannot be sorted by “%(value)s”; it stands in its usual order.")
    ):
        Areas(areas, {"sort": "password"}).require_known()


# every list page of the portals: (person, URL name, parameters that it reads)
PAGES = [
    ("owner", "students:roster", "q college stage fee_state school_id sort page"),
    ("center_admin", "students:center_students", "q area school_id step stage fee_state sort page"),
    ("center_admin", "schools:schools", "q area state plan money form delivery sort page"),
    ("center_admin", "portal:center_people", "q who page"),
    ("center_admin", "portal:history", "subject school person since until before"),
    ("owner", "portal:school_history", "subject person since until before"),
    ("center_admin", "portal:jobs", "status page"),
    ("owner", "portal:jobs", "status page"),
    ("owner", "portal:messages", "unread page"),
    ("owner", "capture:review", "state class_name finding q sort page"),
    ("center_admin", "capture:center_photos", "state class_name finding q school page"),
    ("owner", "capture:daily_checks", "page"),
    ("owner", "proofing:proofs", "q class_name state page"),
    ("owner", "proofing:corrections", "status page"),
    ("center_admin", "proofing:center_feedback", "q status page"),
    ("center_admin", "printing:center_runs", "q state page"),
    ("center_admin", "printing:center_shipments", "q status page"),
    ("center_admin", "printing:handover", "q state page"),
    ("owner", "billing:students", "status page"),
    ("center_admin", "billing:center_fees", "q state page"),
]
FREE = ("q", "college", "class_name")  # any text is a value; only what no column can hold is not


@pytest.mark.parametrize(
    ("person", "name", "param"), [(person, name, param) for person, name, params in PAGES for param in params.split()]
)
def test_every_list_says_what_it_does_not_know(request, season, client, person, name, param):
    client.force_login(request.getfixturevalue(person))
    value = "non\0sense" if param in FREE else "nonsense"
    page = client.get(reverse(name), {param: value})
    assert page.status_code == 200
    assert page.content.decode().count('role="status"') == 1
    assert "sense”" in page.content.decode()


def test_no_page_reads_the_address_of_its_list_by_itself():
    """A list that pages on its own has rules of its own: every one stands on the base."""
    root = Path(__file__).resolve().parents[2]
    rooms = ("portal", "schools", "students", "capture", "billing", "proofing", "printing", "year_end")
    files = [path for room in rooms for path in (root / room).rglob("*.py")]
    by_hand = re.compile(r"\bPaginator\(|GET\.get\(.(page|sort|state|status).")
    found = [str(path.relative_to(root)) for path in files if by_hand.search(path.read_text())]
    assert found == ["portal/views/style_guide.py"]  # shows what pages look like
