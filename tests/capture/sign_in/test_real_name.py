"""Real-name services: their own clients against peers that check signatures; order, limits, costs, faults."""

import datetime as dt

import pytest
from django.db.models import F
from django.test import Client
from django.utils import timezone

from capture.models import RealNameCount
from capture.sign_in.providers.base import Refused, Strength
from capture.sign_in.real_name import asking, base, faults
from capture.sign_in.real_name.asking import NobodyAnswers
from capture.sign_in.real_name.base import Person
from portal import notification_kinds
from portal.errors import NotAllowed, RateLimited
from portal.models import Event, Notification
from portal.tenancy import school_scope, system_scope
from portal.watching import signs
from students.models import StudentSession
from tests import factories
from tests.conftest import client_of
from tests.support.real_name_peers import CloudauthPeer, FaceidPeer
from tests.support.signing_in import recognise
from tests.support.words import said

pytestmark = pytest.mark.django_db
PEERS = {"tencent": FaceidPeer, "alibaba": CloudauthPeer}


@pytest.fixture(scope="module")
def running():
    found = {name: kind() for name, kind in PEERS.items()}
    yield found
    for peer in found.values():
        peer.stop()


@pytest.fixture
def peers(running, settings, student, season):
    for peer in running.values():
        peer.reset()
        peer.fault, peer.begun, peer.faces = "", {}, {}
        peer.people = {student.id_number: student.name}
    settings.REAL_NAME_SERVICES = {name: peer.account() for name, peer in running.items()}
    season.sign_in_offered = ["roster_facts", "real_name", "live_face", "in_person"]
    season.save()
    return running


@pytest.fixture(params=PEERS)
def alone(request, peers, settings):
    """One service, the other one not set up."""
    settings.REAL_NAME_SERVICES = {request.param: peers[request.param].account()}
    return peers[request.param]


def person_of(student) -> Person:
    return Person(student.name, student.id_number)


def counted(**wanted) -> dict[str, int]:
    row = RealNameCount.objects.get(**wanted)
    return {name: getattr(row, name) for name in asking.NUMBERS if getattr(row, name)}


def typed(student, **other) -> dict[str, str]:
    values = {"name": student.name, "id_number": student.id_number, "student_no": student.student_no}
    return values | {"agrees_to_service": "on"} | other


def test_name_and_number_are_confirmed_and_the_service_is_on_the_event(alone, student):
    answer = Client().post("/me/sign-in/?by=real_name", typed(student))
    assert (answer.status_code, answer.url) == (302, "/me/")
    event = Event.objects.get(kind="student.signed_in")
    assert (event.facts["recognised_by"], event.facts["strength"]) == ("real_name", Strength.KNOWS)
    assert (event.facts["service"], event.facts["service_number"]) in [
        ("tencent", "of-the-test"),
        ("alibaba", "of-the-test"),
    ]
    assert student.id_number not in str(event.facts)
    assert counted() == {"checks": 1, "passed": 1, "cost_fen": 60}


def test_the_consent_names_who_gets_the_number_and_without_it_nothing_leaves(peers, student):
    page = Client().get("/me/sign-in/?by=real_name").content.decode()
    assert (said("Tencent Cloud") in page, said("Alibaba Cloud") in page) == (True, True)
    answer = Client().post("/me/sign-in/?by=real_name", typed(student, agrees_to_service=""))
    assert (answer.status_code, peers["tencent"].asked, peers["alibaba"].asked) == (400, [], [])


def test_a_stranger_to_the_roster_and_a_passport_cost_nothing(peers, student):
    with pytest.raises(Refused):
        recognise(student, way="real_name", name="某某某")
    answer = Client().post("/me/sign-in/?by=real_name", typed(student, id_number="E12345678"))
    assert said(
        "Real-name services know resident identity cards only. Look for a typing error, or choose another way."
    ) in (answer.content.decode())
    assert peers["tencent"].asked == []


@pytest.mark.parametrize(
    ("people", "why", "cost"), [({}, "service_no_record", 0), ({"other": "name"}, "service_mismatch", 60)]
)
def test_a_no_is_told_recorded_at_the_student_and_asks_nobody_else(peers, student, people, why, cost):
    peers["tencent"].people = {student.id_number: "另一人"} if people else {}
    with pytest.raises(Refused):
        recognise(student, way="real_name")
    event = Event.objects.get(kind="student.sign_in_failed")
    assert (event.object_id, event.facts["why"]) == (student.pk, why)
    assert counted() == {"checks": 1, "denied": 1} | ({"cost_fen": cost} if cost else {})
    assert peers["alibaba"].asked == []


FAULTS = ["500", "html", "empty", "slow", "elsewhere", "FailedOperation.NobodyKnows", "RequestLimitExceeded", "412"]


@pytest.mark.parametrize("fault", FAULTS)
def test_who_does_not_answer_says_nothing_of_the_person(alone, student, season, fault, monkeypatch):
    if fault == "slow":
        for module in ("tencent", "alibaba"):
            monkeypatch.setattr(f"capture.sign_in.real_name.{module}.SECONDS", 0.2)
    alone.fault = "" if fault == "elsewhere" else fault
    alone.leads_to = f"{alone.address}/elsewhere" if fault == "elsewhere" else ""
    with pytest.raises(NobodyAnswers) as error:
        recognise(student, way="real_name")
    assert said(
        "The real-name services do not answer, or are used up for today. Sign in another way, or go to a station of your school with your document."
    ) == str(error.value)
    assert (len(alone.asked), counted()) == (1, {"checks": 1, "silent": 1})  # not asked again, not followed elsewhere
    assert not Event.objects.filter(kind="student.sign_in_failed").exists()


def test_an_account_that_is_refused_leads_to_the_next_service(peers, student, settings):
    settings.REAL_NAME_SERVICES["tencent"]["key_secret"] = "another"
    recognise(student, way="real_name")
    assert counted(service="tencent") == {"checks": 1, "silent": 1}
    assert counted(service="alibaba") == {"checks": 1, "passed": 1, "cost_fen": 60}


def test_the_limit_of_a_day_leads_to_the_next_service_and_then_to_a_person(
    peers, student, season, settings, center_admin
):
    for account in settings.REAL_NAME_SERVICES.values():
        account["per_day"] = 1
    for _n in range(2):
        asking.check(person_of(student), season)
    with pytest.raises(NobodyAnswers):
        asking.check(person_of(student), season)
    assert [counted(service=name)["checks"] for name in PEERS] == [1, 1]
    page = client_of(center_admin).get("/center/season/sign-in/").content.decode()
    assert page.count(said("Used up for today")) == 2
    assert "0.60" in page


def test_a_service_that_is_used_up_or_silent_is_told_once_a_day_and_shown_to_the_operator(
    peers, student, season, settings, center_admin, center_officer
):
    settings.REAL_NAME_SERVICES["tencent"]["per_day"] = 1
    asking.check(person_of(student), season)
    peers["alibaba"].fault = "500"
    for _n in range(faults.SILENT_LEAST - 1):
        with pytest.raises(NobodyAnswers):
            asking.check(person_of(student), season)
    with system_scope():
        assert [found.says for found in signs.look() if found.name == "real_name"] == [
            said("%(service)s is used up for today: %(number)d questions", service=said("Tencent Cloud"), number=1)
        ]
        RealNameCount.objects.filter(service="alibaba").update(checks=F("checks") + 1, silent=F("silent") + 1)
        for _n in range(2):
            faults.tell()
        told = Notification.objects.filter(kind__startswith="real_name.")
        assert sorted(told.values_list("kind", "recipient_key")) == [
            ("real_name.silent", center_admin.actor_key),
            ("real_name.used_up", center_admin.actor_key),
        ]
        assert (
            said("Alibaba Cloud")
            in notification_kinds.render("real_name.silent", told.first().parameters | {"service": "alibaba"}).subject
        )
        assert {tuple(labels.values()): number for labels, number in faults._faults()} == {
            ("tencent", "used_up"): 1,
            ("alibaba", "silent"): 1,
        }
        assert ({"service": "alibaba", "answer": "silent"}, faults.SILENT_LEAST) in faults._questions()
        RealNameCount.objects.update(day=timezone.localdate() - dt.timedelta(days=1))
        assert not faults._sign().is_wrong


def test_one_student_costs_so_much_a_day_and_no_more(peers, student, settings):
    for _n in range(6):
        recognise(student, way="real_name")
    with pytest.raises(RateLimited):
        recognise(student, way="real_name")
    assert counted()["checks"] == 6


def begin(student, client, after="") -> str:
    answer = client.post(f"/me/sign-in/?by=live_face{after}", typed(student))
    assert (answer.status_code, answer.url) == (302, "/me/sign-in/errand/")
    return str(client.get(answer.url).context["back"])


def test_a_live_face_signs_in_and_the_result_is_the_services_not_the_browsers(alone, student, season):
    season.photograph_strength = "face"
    season.save()
    factories.consent(student)
    client = Client()
    back = begin(student, client, "&next=camera")
    assert f"{alone.address}/h5?token=token-1" in client.get("/me/sign-in/errand/").content.decode()
    asked = alone.begun["token-1"]
    assert back in (asked.get("RedirectUrl") or asked["ReturnUrl"])
    assert (
        client.get(f"{back}&passed=T&code=200").url == "/me/sign-in/errand/"
    )  # not finished, whatever the address says
    assert Client().get(back).url == "/me/sign-in/"  # another browser
    assert client.get("/me/sign-in/errand/back/?once=x").url == "/me/sign-in/"
    alone.faces["token-1"] = "passed"
    assert client.get(back).url == "/me/camera/"
    with school_scope(student.school):
        assert StudentSession.objects.get().strength == "face"
    assert client.get("/me/camera/").status_code == 200
    assert Client().get(back).url == "/me/sign-in/"  # once
    assert counted() == {"faces": 1, "passed": 1, "cost_fen": 150}
    event = Event.objects.get(kind="student.signed_in")
    assert (event.facts["recognised_by"], event.facts["service_number"]) == ("live_face", "of-the-test")


def test_a_face_that_does_not_fit_is_recorded_and_the_way_is_used_up(alone, student):
    client = Client()
    back = begin(student, client)
    alone.faces["token-1"] = "face"
    answer = client.get(back)
    assert answer.url == "/me/sign-in/?by=live_face"
    alone.faces["token-1"] = "passed"
    assert client.get(back).url == "/me/sign-in/"
    event = Event.objects.get(kind="student.sign_in_failed")
    assert (event.object_id, event.facts["why"]) == (student.pk, "service_face")
    assert counted() == {"faces": 1, "denied": 1, "cost_fen": 150}


def test_an_answer_about_somebody_else_is_not_believed(peers, student):
    client = Client()
    back = begin(student, client)
    peers["tencent"].faces["token-1"] = "another"
    assert client.get(back).url == "/me/sign-in/errand/"
    with school_scope(student.school):
        assert not StudentSession.objects.exists()


def test_a_service_without_faces_is_left_out_and_a_mini_program_has_no_such_pages(peers, student, settings):
    del settings.REAL_NAME_SERVICES["tencent"]["face"]
    begin(student, Client())
    assert (peers["tencent"].asked, len(peers["alibaba"].begun)) == ([], 1)
    with pytest.raises(NotAllowed):
        recognise(student, way="live_face")


def test_the_mini_program_names_the_way(peers, student):
    values = typed(student, by="real_name", agrees_to_service=True)
    answer = Client().post("/api/v1/me/sign-in/", values, content_type="application/json")
    assert answer.status_code == 200
    assert [action for action, _asked in peers["tencent"].taken] == ["IdCardVerification"]


def test_the_simulator_is_labelled_and_leads_back_to_our_page_only(student, season, settings):
    settings.REAL_NAME_SERVICES = {"simulator": {"fen_per_check": 60, "fen_per_face": 150, "per_day": 9, "face": "x"}}
    season.sign_in_offered = ["live_face"]
    season.save()
    label = said("A demo: a simulator answers, not a real-name service. Nothing leaves this machine.")
    client = Client()
    assert label in client.get("/me/sign-in/").content.decode()
    begin(student, client)
    page = client.get("/me/sign-in/errand/")
    assert label in page.content.decode()
    url = page.context["url"]
    assert client.get("/simulator/face/?token=unknown").status_code == 404
    answer = client.post(url, {"outcome": "passed"})
    assert answer.url.startswith("/me/sign-in/errand/back/?once=")
    assert client.get(answer.url).url == "/me/"


def test_no_time_limit_is_missing():
    assert 0 < base.SECONDS <= 10
