"""What asks for the password again: every page of an action that is registered so."""

from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from portal import permissions
from portal.models import Event, Membership, Role, User
from students.api import IsSchoolPerson
from tests import factories
from tests.conftest import client_of
from tests.support.words import said
from tests.test_outsider import PAGES, Page, populate, snapshot, url_of

pytestmark = pytest.mark.django_db
PASSWORD = "a-long-password"
ASKING = {
    "people.manage",
    "corrections.see_evidence",
    "students.export_in_clear",
    "students.reveal_number",
    "students.erase",
    "portraits.download_by_number",
    "photo_rules.change",
    "fees.refund",
    "handover.make",
    "handover.receiver",
    "fees.resolve",
    "fees.reverse",
    "fees.school_refund",
    "fees.switch_mode",
    "fees.waive",
    "visits.make",
}


def actions_of(page: Page) -> dict[str, str]:
    """{method: action} of a page of the staff."""
    return {"get": page.view.may, "post": page.view.to_post or page.view.may}


def asking(page: Page) -> list[str]:
    """The methods of a page that ask for the password."""
    if page.portal not in ("school", "center", "staff"):
        return []
    return [method for method, name in actions_of(page).items() if permissions.action(name).asks_password]


PAGES_THAT_ASK = [page for page in PAGES if asking(page)]


def test_the_actions_that_ask():
    assert {name for name, action in permissions.ACTIONS.items() if action.asks_password} == ASKING
    assert {actions_of(page)[method] for page in PAGES_THAT_ASK for method in asking(page)} == ASKING


def test_no_call_of_the_api_does_what_asks():
    views = [page.view.cls for page in PAGES if hasattr(page.view, "cls")]
    own = [view.may for view in views if IsSchoolPerson in view.permission_classes]
    assert own
    assert not set(own) & ASKING


def test_no_page_of_them_shows_or_does_anything_before_the_password(school, season, owner, center_admin):
    world = populate(school, season)
    clients = {user: client_of(user, gave_password=False) for user in (owner, center_admin)}
    before, asked = snapshot(school), set()
    for user, client in clients.items():
        for page in PAGES_THAT_ASK:
            if page.portal not in ("staff", "center" if user == center_admin else "school"):
                continue
            for method in asking(page):
                answer = getattr(client, method)(url_of(page, world), {"reason": "typed before"})
                if answer.status_code == 405:  # the page knows the other method alone
                    continue
                asked.add(page.name)
                if method == "get":
                    assert answer["Location"].startswith("/accounts/reauthenticate/"), page.name
                else:
                    html = answer.content.decode()
                    assert said("Your password, please") in html, page.name
                    assert 'name="reason" value="typed before"' in html
    assert asked == {page.name for page in PAGES_THAT_ASK}
    assert snapshot(school) == before


@pytest.fixture
def client(owner):
    return client_of(owner, gave_password=False)


def address(member: Membership) -> str:
    return f"/people/{member.pk}/"


def typed(**changes: object) -> dict[str, object]:
    return {"full_name": "王老师", "email": "colleague@example.org", "phone": "13900000000"} | changes


def test_a_form_that_comes_too_late_is_sent_with_the_password(client, colleague):
    form = typed(roles=[Role.SCHOOL_OFFICER, Role.SCHOOL_REVIEWER])
    asked = client.post(address(colleague.membership), form).content.decode()
    for role in form["roles"]:
        assert f'<input type="hidden" name="roles" value="{role}">' in asked
    assert User.objects.get(pk=colleague.pk).full_name != "王老师"
    wrong = client.post(address(colleague.membership), form | {"again-password": "wrong"})
    assert "王老师" in wrong.content.decode()
    assert User.objects.get(pk=colleague.pk).full_name != "王老师"
    sent = client.post(address(colleague.membership), form | {"again-password": PASSWORD})
    assert sent.status_code == 302
    assert User.objects.get(pk=colleague.pk).full_name == "王老师"
    assert Membership.objects.get(user=colleague).roles == form["roles"]
    assert client.get(address(colleague.membership)).status_code == 200  # the answer holds for the next pages


def test_a_filtered_list_with_numbers_is_the_same_after_the_password(client, school, season):
    inside = factories.student(school, season, college="信息学院")
    outside = factories.student(school, season, college="文学院")
    answer = client.post(
        "/school/roster/export/clear/", {"format": "csv", "college": "信息学院", "again-password": PASSWORD}
    )
    content = answer.content.decode()
    assert inside.id_number in content
    assert outside.id_number not in content


def test_a_button_of_htmx_leads_to_the_password_and_back_to_its_page(client, student):
    page = f"http://testserver/school/roster/{student.pk}/?q=1"
    headers = {"HX-Request": "true", "HX-Current-URL": page}
    answer = client.post(f"/school/roster/{student.pk}/reveal/", headers=headers)
    assert student.id_number not in answer.content.decode()
    to = urlsplit(answer["HX-Redirect"])
    assert to.path == "/accounts/reauthenticate/"
    assert parse_qs(to.query)["next"] == [f"/school/roster/{student.pk}/?q=1"]
    elsewhere = client.post(
        f"/school/roster/{student.pk}/reveal/",
        headers=headers | {"HX-Current-URL": "https://evil.example/"},
    )
    assert "evil" not in elsewhere["HX-Redirect"]
    assert not Event.objects.filter(kind="student.revealed").exists()


def test_passwords_cannot_be_tried_out_at_an_open_session(client, colleague):
    """The form of a late page counts its tries together with the password page and the sign-in."""
    form = typed(roles=[Role.SCHOOL_OFFICER])
    for n in range(6):
        client.post(address(colleague.membership), form | {"again-password": f"wrong {n}"})
    refused = [
        client.post(address(colleague.membership), form | {"again-password": PASSWORD}),
        client.post("/accounts/reauthenticate/", {"password": PASSWORD}),
        Client().post("/accounts/login/", {"login": "owner", "password": PASSWORD}),
    ]
    for answer in refused:
        assert said("Too many attempts. Try again in %(n)d second.") in answer.content.decode()
    assert User.objects.get(pk=colleague.pk).full_name != "王老师"
