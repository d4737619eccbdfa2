"""The center's and the schools' pages of this room: who may open them, what they do, how many queries a list costs."""

import datetime as dt
import io

import openpyxl
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from portal import history, notifications
from portal.models import Event, Job, Membership, Message, Role, User
from portal.tenancy import school_scope, system_scope
from schools.models import Area, Enrolment, School, Season, WindowException
from tests import factories
from tests.conftest import client_of


def queries(client, url: str) -> int:
    with CaptureQueriesContext(
        connection,
    ) as found:
        assert client.get(url).status_code == 200
    return len(found)


def text(response) -> str:
    return response.content.decode()


# season


def test_a_center_without_a_season_is_led_to_make_one(center_client):
    assert reverse("schools:season_new") in text(center_client.get(reverse("schools:season")))
    assert reverse("schools:season_new") in text(center_client.get(reverse("schools:dashboard")))


def test_a_season_is_made_from_last_years_with_the_price_in_yuan(center_client, season, school):
    page = center_client.get(reverse("schools:season_new"))
    form = page.context["form"]
    data = {name: form[name].value() for name in form.fields} | {"price_fen": "15.50"}
    answer = center_client.post(reverse("schools:season_new"), {k: v for k, v in data.items() if v is not None})
    new = Season.objects.get(year=season.year + 1)
    assert answer["Location"] == reverse("schools:timetable", args=[new.year])
    assert (new.price_fen, new.status, new.windows.count()) == (1550, "draft", 1)


def test_wrong_terms_come_back_with_what_was_typed(center_client, season):
    answer = center_client.post(
        reverse("schools:season_new"),
        {"year": "2099", "graduating_class": "2105", "opens_at": "18:00", "closes_at": "08:00"},
    )
    assert answer.status_code == 200
    assert "A season captures the class of its own year or of the next." in text(answer)
    assert "The capture must close after it opens." in text(answer)
    assert 'value="2099"' in text(answer)


def test_the_terms_of_an_open_season_are_changed_but_not_its_price(center_client, season):
    page = center_client.get(reverse("schools:season_edit", args=[season.year]))
    form = page.context["form"]
    data = {name: form[name].value() for name in form.fields} | {"price_fen": "99", "copies": "8"}
    center_client.post(
        reverse("schools:season_edit", args=[season.year]), {k: v for k, v in data.items() if v is not None}
    )
    season.refresh_from_db()
    assert (season.copies, season.price_fen) == (8, 1500)


def test_a_new_text_of_the_consent_needs_a_new_version(center_client, season):
    form = center_client.get(reverse("schools:season_edit", args=[season.year])).context["form"]
    data = {name: form[name].value() for name in form.fields} | {"consent_text": "Other."}
    answer = center_client.post(
        reverse("schools:season_edit", args=[season.year]), {k: v for k, v in data.items() if v is not None}
    )
    assert "The text has changed, so it needs a new version." in text(answer)


def test_the_line_ends_of_a_browser_are_no_new_text_of_the_consent(center_client, season):
    Season.objects.update(consent_text="One line.\nAnother.\n")
    form = center_client.get(reverse("schools:season_edit", args=[season.year])).context["form"]
    data = {name: form[name].value() for name in form.fields} | {"consent_text": "One line.\r\nAnother.", "copies": "8"}
    center_client.post(
        reverse("schools:season_edit", args=[season.year]), {k: v for k, v in data.items() if v is not None}
    )
    season.refresh_from_db()
    assert season.copies == 8


def test_the_history_of_a_season_is_not_filled_with_mistyped_names(center_client, season):
    history.record("student.sign_in_failed", season, by=history.SYSTEM)
    page = center_client.get(reverse("schools:season"))
    assert [event.kind for event in page.context["events"] if event.kind == "student.sign_in_failed"] == []


def test_closing_and_opening_again(center_client, season, school):
    center_client.post(reverse("schools:season_close", args=[season.year]))
    assert Season.objects.get().status == "closed"
    answer = center_client.post(reverse("schools:season_open", args=[season.year]), follow=True)
    assert "Before opening, please complete: contact, notice." in text(answer)


def test_the_days_are_edited_as_one_table(center_client, season, school):
    url = reverse("schools:timetable", args=[season.year])
    assert school.name in text(center_client.get(url))
    lines = {
        "form-TOTAL_FORMS": "3",
        "form-INITIAL_FORMS": "1",
        "form-0-area": school.area_id,
        "form-0-name": "North",
        "form-0-position": "2",
        "form-0-starts_on": "2022-03-21",
        "form-0-ends_on": "2022-03-27",
        "form-1-name": "South",
        "form-1-starts_on": "2022-03-28",
    }
    answer = center_client.post(url, lines)
    assert "Give both days, or none." in text(answer)
    answer = center_client.post(url, lines | {"form-1-ends_on": "2022-04-05"})
    assert answer["Location"] == reverse("schools:season_of", args=[season.year])
    assert list(season.windows.values_list("area__name", "starts_on")) == [
        ("North", dt.date(2022, 3, 21)),
        ("South", dt.date(2022, 3, 28)),
    ]


def test_the_same_name_twice_is_marked_at_both_lines(center_client, season):
    url = reverse("schools:timetable", args=[season.year])
    lines = {"form-TOTAL_FORMS": "2", "form-INITIAL_FORMS": "0", "form-0-name": "South", "form-1-name": "South"}
    assert text(center_client.post(url, lines)).count("This name stands here twice.") == 2


def test_an_officer_sees_the_season_but_does_not_change_it(season, school, center_officer):
    client = client_of(center_officer)
    assert "Edit the terms" not in text(client.get(reverse("schools:season")))
    assert client.get(reverse("schools:season_edit", args=[season.year])).status_code == 403
    assert client.post(reverse("schools:season_close", args=[season.year])).status_code == 403


# schools


@pytest.fixture
def three_schools(season):
    return [factories.school(season=season, code=f"2000{n}", name=f"School {n}") for n in range(3)]


def test_the_list_of_schools_costs_the_same_for_one_and_for_three(center_client, season, school, request):
    url = reverse("schools:schools")
    one = queries(center_client, url)
    request.getfixturevalue("three_schools")
    assert queries(center_client, url) == one == 8


def test_schools_are_found_by_name_code_area_and_state(center_client, season, three_schools):
    url = reverse("schools:schools")
    with system_scope():
        Enrolment.objects.filter(school=three_schools[0]).delete()
        Enrolment.objects.filter(school=three_schools[1]).update(status="printing")
    south = Area.objects.create(code="south", name="South")
    School.objects.filter(code="20002").update(area=south)

    def found(**query):
        return [row.code for row in center_client.get(url, query).context["page"]]

    assert found(q="School 1") == ["20001"]
    assert found(q="2000") == ["20000", "20001", "20002"]
    assert found(area=south.pk) == ["20002"]
    assert found(state="printing") == ["20001"]
    assert found(state="none") == ["20000"]
    assert found(sort="-code") == ["20002", "20001", "20000"]
    assert found(area="x", state="y") == ["20000", "20001", "20002"]
    assert center_client.get(url).context["states"]["none"] == 1


def test_a_school_is_added_given_a_part_and_shown(center_client, season):
    area = Area.objects.create(code="north", name="North")
    answer = center_client.post(
        reverse("schools:school_new"),
        {"code": "3", "name": "Hill", "kind": "college", "area": area.pk, "is_active": "on"},
    )
    hill = School.objects.get(code="3")
    assert answer["Location"] == reverse("schools:school", args=[hill.pk])
    assert "Nobody can sign in for this school yet." in text(center_client.get(answer["Location"]))
    center_client.post(reverse("schools:schools_enrol"), {"pick": [hill.pk]})
    page = text(center_client.get(answer["Location"]))
    assert "Take out of the season" in page
    center_client.post(reverse("schools:school_withdraw", args=[hill.pk]))
    with school_scope(hill):
        assert not Enrolment.objects.exists()


def test_the_page_of_a_school_costs_the_same_for_one_person_and_for_three(center_client, school, owner, colleague):
    url = reverse("schools:school", args=[school.pk])
    two = queries(center_client, url)
    factories.person("third", Role.SCHOOL_OFFICER, school)
    assert queries(center_client, url) == two == 13


def test_a_school_is_edited(center_client, school):
    data = {"code": school.code, "name": "Lakeside", "kind": "college", "area": school.area_id, "is_active": "on"}
    center_client.post(reverse("schools:school_edit", args=[school.pk]), data)
    assert School.objects.get().name == "Lakeside"
    answer = center_client.post(reverse("schools:school_edit", args=[school.pk]), data | {"is_active": ""}, follow=True)
    assert School.objects.get().is_active
    assert answer.status_code == 400 or "takes part in a season" in text(answer)


def test_an_exception_is_granted_on_the_schools_page(center_client, school, season, owner):
    url = reverse("schools:exception_new", args=[school.pk])
    days = {"starts_on": "2022-06-01", "ends_on": "2022-05-01", "reason": "Late"}
    assert "The last day lies before the first." in text(center_client.post(url, days))
    center_client.post(url, days | {"ends_on": "2022-06-02"})
    with school_scope(school):
        row = WindowException.objects.get()
    assert "Late" in text(center_client.get(reverse("schools:school", args=[school.pk])))
    assert "Late" in text(center_client.get(reverse("schools:season")))
    center_client.post(reverse("schools:exception_edit", args=[row.pk]), days | {"ends_on": "2022-06-03"})
    center_client.post(reverse("schools:exception_withdraw", args=[row.pk]))
    with school_scope(school):
        assert not WindowException.objects.exists()
        assert Message.objects.filter(recipient_key=owner.actor_key).count() == 3


def test_the_register_goes_out_and_comes_in_as_a_workbook(center_client, school):
    answer = center_client.get(reverse("schools:schools_export"))
    assert "attachment" in answer["Content-Disposition"]
    rows = list(openpyxl.load_workbook(io.BytesIO(answer.content)).active.values)
    assert rows[1][:2] == ("10001", "Lakeside University")
    file = io.BytesIO(answer.content)
    file.name = "schools.xlsx"
    page = text(center_client.post(reverse("schools:schools_import"), {"file": file, "enrol": "on"}, follow=True))
    assert "0 new, 0 changed, 1 unchanged; 0 now take part in the season." in page
    assert (
        len(
            openpyxl.load_workbook(io.BytesIO(center_client.get(reverse("schools:schools_template")).content)).active[
                "1"
            ]
        )
        == 8
    )


def test_a_wrong_workbook_shows_its_cells(center_client, school):
    file = io.BytesIO("学校代码,学校名称,片区\n3,Hill,Nowhere\n".encode())
    file.name = "schools.csv"
    answer = center_client.post(reverse("schools:schools_import"), {"file": file})
    assert answer.status_code == 422
    assert "1 cell is wrong; nothing has been written." in text(answer)
    assert "is no area. Known are: North." in text(answer)
    file = io.BytesIO(b"nonsense")
    file.name = "schools.xlsx"
    assert "This file cannot be read." in text(center_client.post(reverse("schools:schools_import"), {"file": file}))


# people


def test_an_administrator_of_a_school_invites_a_colleague(owner_client, school):
    data = {"full_name": "New", "username": "new", "role": "school_officer"}
    answer = owner_client.post(reverse("portal:person_new"), data)
    assert "/accounts/password/reset/key/" in text(answer)
    assert "no-store" in answer["Cache-Control"]
    member = Membership.objects.get(user__username="new")
    assert (member.school, member.role) == (school, "school_officer")
    assert "New" in text(owner_client.get(reverse("portal:school_people")))


def test_a_school_cannot_choose_another_school_or_a_role_of_the_center(owner_client, school, other_school):
    url = reverse("portal:person_new") + f"?school={other_school.pk}"
    owner_client.post(url, {"full_name": "New", "username": "new", "role": "school_officer"})
    assert Membership.objects.get(user__username="new").school == school
    answer = owner_client.post(url, {"full_name": "N", "username": "n2", "role": "center_admin"})
    assert answer.status_code == 200
    assert not User.objects.filter(username="n2").exists()


def test_people_are_changed_switched_off_and_made_responsible(owner_client, owner, colleague, school):
    member = Membership.objects.get(user=colleague)
    owner_client.post(reverse("portal:person", args=[member.pk]), {"full_name": "C", "role": "school_admin"})
    owner_client.post(reverse("portal:person_contact", args=[member.pk]))
    member.refresh_from_db()
    assert (member.role, member.is_contact) == ("school_admin", True)
    answer = owner_client.post(reverse("portal:person_link", args=[member.pk]))
    assert "/accounts/password/reset/key/" in text(answer)
    owner_client.post(reverse("portal:person_switch", args=[member.pk]))
    assert not User.objects.get(pk=colleague.pk).is_active
    owner_client.post(reverse("portal:person_switch", args=[member.pk]))
    assert User.objects.get(pk=colleague.pk).is_active
    own = Membership.objects.get(user=owner)
    answer = owner_client.post(reverse("portal:person_switch", args=[own.pk]))
    assert answer.status_code == 400
    assert "your own rights" in text(answer)


def test_an_officer_of_a_school_sees_the_people_only(school, colleague, owner):
    client = client_of(colleague)
    page = text(client.get(reverse("portal:school_people")))
    assert "Owner" in page
    assert reverse("portal:person_new") not in page
    assert client.get(reverse("portal:person_new")).status_code == 403


def test_people_of_another_school_do_not_exist(outsider_client, colleague):
    member = Membership.objects.get(user=colleague)
    for name in ("person", "person_link", "person_switch", "person_contact"):
        assert outsider_client.post(reverse(f"portal:{name}", args=[member.pk])).status_code == 404


def test_the_people_of_many_schools_are_paged(center_client, owner, colleague, monkeypatch):
    monkeypatch.setattr("portal.views.people.PAGE_SIZE", 1)
    pages = [center_client.get("/center/people/", {"who": "schools", "page": n}).content.decode() for n in (1, 2)]
    assert [("owner@" in page, "colleague@" in page) for page in pages] == [(True, False), (False, True)]


def test_the_center_lists_its_own_people_and_those_of_the_schools(
    center_client, center_officer, owner, colleague, outsider
):
    url = reverse("portal:center_people")
    assert [row.user.username for row in center_client.get(url).context["people"]] == ["center", "officer"]
    rows = center_client.get(url, {"who": "schools"}).context["people"]
    assert [row.user.username for row in rows] == ["owner", "colleague", "outsider"]
    assert len(center_client.get(url, {"who": "schools", "q": "OUT"}).context["people"]) == 1
    assert queries(center_client, url + "?who=schools") == 6


# jobs


@pytest.fixture
def job(school, owner):
    return Job.objects.create(kind="demo", school=school, total=10, done=4, created_by=owner, status="running")


def test_a_running_job_polls_and_a_finished_one_rests(owner_client, job):
    url = reverse("portal:job", args=[job.pk])
    page = text(owner_client.get(url))
    assert 'hx-trigger="every 1s"' in page
    assert "<html" in page
    fragment = text(owner_client.get(url, headers={"HX-Request": "true"}))
    assert "<html" not in fragment
    assert "4 / 10" in fragment
    Job.objects.update(status="done")
    assert "every 1s" not in text(owner_client.get(url, headers={"HX-Request": "true"}))


def test_jobs_belong_to_a_school_and_the_center_sees_all(owner_client, outsider_client, center_client, job):
    url = reverse("portal:job", args=[job.pk])
    assert [client.get(url).status_code for client in (owner_client, outsider_client, center_client)] == [200, 404, 200]
    listed = [
        len(client.get(reverse("portal:jobs")).context["page"])
        for client in (owner_client, outsider_client, center_client)
    ]
    assert listed == [1, 0, 1]
    assert "4 / 10" in text(owner_client.get(reverse("portal:panel_jobs")))
    assert "4 / 10" not in text(outsider_client.get(reverse("portal:panel_jobs")))


def test_what_a_job_made_is_downloaded_and_the_download_recorded(owner_client, outsider_client, job):
    url = reverse("portal:job_file", args=[job.pk])
    assert owner_client.get(url).status_code == 404
    from django.core.files.base import ContentFile

    job.artefact.save("sheets.pdf", ContentFile(b"%PDF-"))
    answer = owner_client.get(url)
    assert b"".join(answer.streaming_content) == b"%PDF-"
    assert answer["Content-Type"] == "application/pdf"
    assert Event.objects.get(kind="job.downloaded").facts == {"file": "sheets.pdf"}
    assert outsider_client.get(url).status_code == 404


def test_an_administrator_tries_a_failed_job_again(owner_client, colleague, job):
    url = reverse("portal:job_retry", args=[job.pk])
    assert client_of(colleague).post(url).status_code == 403
    assert owner_client.post(url).status_code == 409
    Job.objects.update(status="failed")
    owner_client.post(url)
    assert Job.objects.get().status == "queued"


def test_the_list_of_jobs_costs_the_same_for_one_and_for_three(owner_client, school, job):
    one = queries(owner_client, reverse("portal:jobs"))
    for _ in range(2):
        Job.objects.create(kind="demo", school=school, created_by=job.created_by)
    assert queries(owner_client, reverse("portal:jobs")) == one == 8


# messages


@pytest.fixture
def message(school, owner):
    with school_scope(school):
        return notifications.tell(
            owner, school=school, kind="x", subject="Look", body="There is work.", link="/school/people/"
        )


def test_a_message_is_counted_read_and_leads_on(owner_client, owner, message):
    url = reverse("portal:messages")
    page = owner_client.get(url)
    assert page.context["unread"]() == 1
    answer = owner_client.post(reverse("portal:message", args=[message.pk]))
    assert answer["Location"] == "/school/people/"
    page = owner_client.get(url)
    assert page.context["unread"]() == 0
    assert len(page.context["page"]) == 1
    assert len(owner_client.get(url, {"unread": "1"}).context["page"]) == 0


def test_messages_are_read_by_their_recipient_alone(colleague, outsider_client, message, school):
    client = client_of(colleague)
    assert len(client.get(reverse("portal:messages")).context["page"]) == 0
    for one in (client, outsider_client):
        assert one.post(reverse("portal:message", args=[message.pk])).status_code == 404
    client.post(reverse("portal:messages_read"))
    with school_scope(school):
        assert Message.objects.get().read_at is None


def test_all_messages_are_marked_at_once(owner_client, message, school):
    owner_client.post(reverse("portal:messages_read"))
    with school_scope(school):
        assert Message.objects.get().read_at is not None


# history


def test_the_history_is_told_in_sentences_and_narrowed(center_client, center_admin, owner, school, other_school):
    history.record("person.invited", Membership.objects.get(user=owner), by=center_admin, facts={"name": "Owner"})
    history.record("school.changed", school, by=owner, facts={"kind": ["university", "college"], "address": ["", "x"]})
    history.record("school.added", other_school, by=center_admin, facts={"code": "10002"})
    url = reverse("portal:history")

    def told(**query):
        return [event.kind for event in center_client.get(url, query).context["events"]]

    assert told() == ["school.added", "school.changed", "person.invited"]
    assert told(subject="person") == ["person.invited"]
    assert told(school=other_school.pk) == ["school.added"]
    assert told(person=Membership.objects.get(user=owner).pk) == ["school.changed"]
    today = Event.objects.first().at.astimezone().date()
    assert len(told(since=today.isoformat(), until=today.isoformat())) == 3
    assert told(until="2000-01-01") == []
    event = center_client.get(url, {"subject": "school"}).context["events"][1]
    assert str(event.sentence) == "Entry of the school changed"
    assert event.about == "Lakeside University"
    assert {str(word): said for word, said in event.details} == {
        "Address": "– → x",
        "Kind": "University → Vocational college",
    }


def test_the_history_pages_by_key(center_client, center_admin, school):
    for _ in range(51):
        history.record("school.changed", school, by=center_admin)
        history.record("school.added", school, by=center_admin)
    page = center_client.get(reverse("portal:history"))
    assert len(page.context["events"]) == 100
    older = center_client.get(reverse("portal:history"), {"before": page.context["older"]})
    assert len(older.context["events"]) == 2
    assert older.context["older"] is None


def test_a_school_reads_its_own_history_alone(owner_client, owner, outsider, school, other_school):
    history.record("school.changed", school, by=owner)
    history.record("school.changed", other_school, by=outsider)
    page = owner_client.get(reverse("portal:school_history"), {"school": other_school.pk})
    assert page.context["events"] == []
    page = owner_client.get(reverse("portal:school_history"))
    assert [event.school_id for event in page.context["events"]] == [school.pk]


def test_the_history_costs_the_same_for_one_event_and_for_three(center_client, center_admin, school):
    history.record("school.changed", school, by=center_admin)
    one = queries(center_client, reverse("portal:history"))
    for _ in range(2):
        history.record("school.changed", school, by=center_admin)
    assert queries(center_client, reverse("portal:history")) == one == 8


# overviews


def test_the_dashboard_is_made_of_panels_that_all_exist(center_client, season, school):
    from schools.views import dashboard

    page = center_client.get(reverse("schools:dashboard"))
    assert len(page.context["panels"]) == len(dashboard.CENTER_PANELS)
    for panel, _place in page.context["panels"]:
        answer = center_client.get(panel.url, headers={"HX-Request": "true"})
        assert answer.status_code == 200
        assert "<html" not in text(answer)
        assert center_client.get(panel.page).status_code == 200


def test_the_schools_overview_says_what_is_next(owner_client, school, enrolment):
    from schools.views import dashboard

    page = owner_client.get(reverse("schools:school_home"))
    assert len(page.context["panels"]) == len(dashboard.SCHOOL_PANELS)
    assert page.context["next_panel"] is not None
    assert [stage.is_current for stage in page.context["stages"]].index(True) == 1
    for panel, _place in page.context["panels"]:
        assert owner_client.get(panel.url, headers={"HX-Request": "true"}).status_code == 200
        assert owner_client.get(panel.page).status_code == 200


def test_a_school_that_takes_no_part_is_told_so(owner_client, school):
    with school_scope(school):
        Enrolment.objects.all().delete()
    assert "Your school does not take part in this season yet" in text(owner_client.get(reverse("schools:school_home")))


def test_a_school_without_any_season_still_has_its_pages(db):
    area = Area.objects.create(code="north", name="North")
    school = School.objects.create(code="1", name="Early", area=area)
    client = client_of(factories.person("early", Role.SCHOOL_ADMIN, school))
    names = ("schools:school_home", "portal:school_people", "portal:messages", "portal:school_history", "portal:jobs")
    for name in names:
        assert client.get(reverse(name)).status_code == 200
    client = client_of(factories.person("center", Role.CENTER_ADMIN))
    names = ("schools:dashboard", "schools:season", "schools:schools", "portal:center_people", "portal:history")
    for name in names:
        assert client.get(reverse(name)).status_code == 200
    assert client.get(reverse("schools:school", args=[school.pk])).status_code == 200
    assert client.get(reverse("schools:exception_new", args=[school.pk])).status_code == 404
    assert client.post(reverse("schools:schools_enrol"), {"pick": school.pk}).status_code == 404


# what lists cost


def grants(school, season, number: int) -> None:
    with school_scope(school):
        for day in range(1, number + 1):
            date = dt.date(2022, 6, day)
            WindowException.objects.create(school=school, season=season, starts_on=date, ends_on=date, reason="x")


def test_the_season_costs_the_same_for_one_and_for_three_exceptions(center_client, school, season):
    url = reverse("schools:season")
    grants(school, season, 1)
    one = queries(center_client, url)
    grants(school, season, 2)
    assert queries(center_client, url) == one == 9


def test_the_timetable_costs_the_same_for_one_and_for_three_areas(center_client, school, season):
    url = reverse("schools:timetable", args=[season.year])
    one = queries(center_client, url)
    for n in range(2):
        area = Area.objects.create(code=f"a{n}", name=f"Area {n}")
        School.objects.create(code=f"9{n}", name=f"School {n}", area=area)
    assert queries(center_client, url) == one == 8


def test_people_and_messages_cost_the_same_for_one_and_for_three(owner_client, owner, school, message):
    people, inbox = reverse("portal:school_people"), reverse("portal:messages")
    one = queries(owner_client, people), queries(owner_client, inbox)
    for n in range(2):
        factories.person(f"more{n}", Role.SCHOOL_OFFICER, school)
        with school_scope(school):
            notifications.tell(owner, school=school, kind="x", subject="Look", body="More.")
    assert (queries(owner_client, people), queries(owner_client, inbox)) == one == (7, 9)
