"""Which ways to sign in a season offers, and what is known of a sign-in afterwards."""

import pytest
from django.test import Client

from capture.sign_in import offers
from capture.sign_in.providers import all_providers
from capture.sign_in.providers.base import Facts, Strength
from capture.sign_in.providers.roster_facts import RosterFacts
from portal.errors import NotAllowed, PortalError
from portal.models import Event
from portal.tenancy import center_scope, school_scope
from schools import seasons
from schools.models import Enrolment
from students.models import StudentSession
from tests import factories
from tests.conftest import client_of
from tests.support.signing_in import recognise
from tests.support.words import said


class ByCard(RosterFacts):
    """Another way, which takes the same facts."""

    name = "by_card"
    title = "A card"
    strength = Strength.HOLDS


@pytest.fixture
def by_card(monkeypatch):
    known = all_providers() | {"by_card": ByCard()}
    for module in ("capture.sign_in.offers", "capture.forms", "capture.views.student", "tests.support.signing_in"):
        monkeypatch.setattr(f"{module}.all_providers", lambda: known)


def ways(season) -> list[str]:
    return [way.name for way in offers.of_season(season)]


def test_a_season_offers_the_facts_of_the_roster_unless_it_says_otherwise(season):
    assert ways(season) == ["roster_facts"]


def test_the_center_sets_the_order_and_the_first_is_shown(season, center_admin, by_card):
    page = client_of(center_admin)
    answer = page.post("/center/season/sign-in/", {"roster_facts": "2", "by_card": "1"})
    assert answer.status_code == 302
    season.refresh_from_db()
    assert ways(season) == ["by_card", "roster_facts"]
    shown = Client().get("/me/sign-in/")
    assert (shown.context["way"].name, [way.name for way in shown.context["ways"]]) == ("by_card", ways(season))
    assert Client().get("/me/sign-in/?by=roster_facts").context["way"].name == "roster_facts"
    assert Client().get("/me/sign-in/?by=nothing").context["way"].name == "by_card"


@pytest.mark.parametrize(
    ("places", "sentence"),
    [
        ({"roster_facts": ""}, "Offer at least one way that is set up, or nobody can sign in."),
        ({"roster_facts": "1", "by_card": "1"}, "Two ways have the same place. Give each its own."),
    ],
)
def test_a_choice_by_which_nobody_could_sign_in_is_refused(season, center_admin, by_card, places, sentence):
    answer = client_of(center_admin).post("/center/season/sign-in/", places)
    assert answer.status_code == 400
    assert said(sentence) in answer.content.decode()
    season.refresh_from_db()
    assert ways(season) == ["roster_facts"]


def test_a_school_adds_what_the_season_lets_it_and_only_its_students_sign_in_by_it(
    student, other_school, season, owner, center_admin, by_card
):
    stranger = factories.student(other_school, season)
    offers.choose_for_season(
        season, places={"roster_facts": "1", "by_card": "school"}, photograph_strength="", by=center_admin
    )
    season.refresh_from_db()
    assert ways(season) == ["roster_facts"]  # no school has added it
    with pytest.raises(NotAllowed):
        recognise(student, way="by_card")
    page = client_of(owner)
    assert "by_card" in page.get("/school/stations/").content.decode()
    assert page.post("/school/stations/", {"sign_in_added": ["roster_facts"]}).status_code == 400  # not left to schools
    page.post("/school/stations/", {"student_notice": "", "sign_in_added": ["by_card"]})
    with school_scope(student.school):
        assert Enrolment.objects.get(school=student.school).sign_in_added == ["by_card"]
    assert ways(season) == ["roster_facts", "by_card"]
    assert recognise(student, way="by_card") == student
    with pytest.raises(NotAllowed):
        recognise(stranger, way="by_card")
    offers.choose_for_season(season, places={"roster_facts": "1"}, photograph_strength="", by=center_admin)
    with pytest.raises(NotAllowed):
        recognise(student, way="by_card")


def test_a_school_is_asked_nothing_where_the_season_lets_it_add_nothing(season, school, owner):
    assert "sign_in_added" not in client_of(owner).get("/school/stations/").content.decode()


def test_the_next_season_takes_the_ways_over(season, school, center_admin, by_card):
    offers.choose_for_season(
        season, places={"roster_facts": "2", "by_card": "1"}, photograph_strength="", by=center_admin
    )
    season.refresh_from_db()
    with school_scope(school):
        Enrolment.objects.filter(school=school).update(sign_in_added=["by_card"])
    terms = {name: getattr(season, name) for name in seasons.CARRIED_OVER} | {
        "year": season.year + 1,
        "graduating_class": season.year + 2,
        "payment_due": season.payment_due,
    }
    with center_scope():
        new = seasons.create_season(by=center_admin, after=season, schools=[school], **terms)
    new.refresh_from_db()
    assert new.sign_in_offered == ["by_card", "roster_facts"]
    with school_scope(school):
        assert Enrolment.objects.get(season=new).sign_in_added == ["by_card"]


def test_a_way_that_is_not_set_up_any_more_is_offered_no_more(season, by_card, monkeypatch):
    season.sign_in_offered = ["by_card", "gone", "roster_facts"]
    monkeypatch.setattr(ByCard, "is_set_up", lambda self: False)
    assert ways(season) == ["roster_facts"]
    with pytest.raises(PortalError):
        offers.choose_for_season(season, places={"by_card": "1"}, photograph_strength="", by=None)


def test_how_a_student_was_recognised_is_on_the_event_the_session_and_the_pages(student, owner):
    client = Client()
    client.post(
        "/me/sign-in/", {"name": student.name, "id_number": student.id_number, "student_no": student.student_no}
    )
    event = Event.objects.get(kind="student.signed_in")
    assert event.facts == {"address": "127.0.0.1", "recognised_by": "roster_facts", "strength": "knows"}
    with school_scope(student.school):
        row = StudentSession.objects.get(student=student)
    assert (row.recognised_by, row.strength) == ("roster_facts", "knows")
    client.post("/me/confirm/", {"version": "1", "is_me": "on", "agrees": "on"})
    page = client.get("/me/").content.decode()
    assert said("Name and numbers") in page
    panel = client_of(owner).get(f"/panels/capture/students/{student.pk}/").content.decode()
    assert f"{said('Name and numbers')}（{said('facts that others may know')}）" in panel


def test_claims_do_not_change():
    with pytest.raises(AttributeError):
        Facts("a", "b", "c").name = "d"  # type: ignore[misc]
