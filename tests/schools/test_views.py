"""The pages of this room: who may open them, what they do, how many queries the lists need."""

import datetime as dt
import io

import openpyxl
import pytest
from django.urls import reverse

from portal import history
from portal.models import Event, Notification, Role
from portal.pages import panels
from portal.tenancy import school_scope, system_scope
from schools.models import Area, Enrolment, School, Season, WindowException
from schools.season_addresses import reverse_in
from tests import factories
from tests.conftest import client_of
from tests.support.database import let_delete, statements_of
from tests.support.words import said


def text(response) -> str:
    return response.content.decode()


# season


@pytest.mark.urls("config.urls")
def test_a_center_without_a_season_is_led_to_make_one(center_client):
    assert reverse("schools:season_new") in text(center_client.get(reverse("schools:season")))
    assert reverse("schools:season_new") in text(center_client.get(reverse("schools:dashboard")))


def test_a_season_is_made_from_last_years_with_the_price_in_yuan(center_client, season, school):
    page = center_client.get(reverse("schools:season_new"))
    form = page.context["form"]
    data = {name: form[name].value() for name in form.fields} | {"price_fen": "15.50"}
    answer = center_client.post(reverse("schools:season_new"), {k: v for k, v in data.items() if v is not None})
    new = Season.objects.get(year=season.year + 1)
    assert answer["Location"] == reverse_in(new.year, "schools:timetable")
    assert (new.price_fen, new.status, new.windows.count()) == (1550, "draft", 1)


def test_wrong_terms_come_back_with_what_was_typed(center_client, season):
    answer = center_client.post(
        reverse("schools:season_new"),
        {"year": "2099", "graduating_class": "2105", "opens_at": "18:00", "closes_at": "08:00"},
    )
    assert answer.status_code == 200
    assert said("A season captures the class of its own year or of the next.") in text(answer)
    assert said("The capture must close after it opens.") in text(answer)
    assert 'value="2099"' in text(answer)


def test_the_terms_of_an_open_season_are_changed_but_not_its_price(center_client, season):
    page = center_client.get(reverse("schools:season_edit"))
    form = page.context["form"]
    data = {name: form[name].value() for name in form.fields} | {"price_fen": "99", "copies": "8"}
    center_client.post(reverse("schools:season_edit"), {k: v for k, v in data.items() if v is not None})
    season.refresh_from_db()
    assert (season.copies, season.price_fen) == (8, 1500)


def test_a_new_text_of_the_consent_needs_a_new_version(center_client, season):
    form = center_client.get(reverse("schools:season_edit")).context["form"]
    data = {name: form[name].value() for name in form.fields} | {"consent_text": "Other."}
    answer = center_client.post(reverse("schools:season_edit"), {k: v for k, v in data.items() if v is not None})
    assert said("The text has changed, so it needs a new version.") in text(answer)


def test_the_line_ends_of_a_browser_are_no_new_text_of_the_consent(center_client, season):
    Season.objects.update(consent_text="One line.\nAnother.\n")
    form = center_client.get(reverse("schools:season_edit")).context["form"]
    data = {name: form[name].value() for name in form.fields} | {"consent_text": "One line.\r\nAnother.", "copies": "8"}
    center_client.post(reverse("schools:season_edit"), {k: v for k, v in data.items() if v is not None})
    season.refresh_from_db()
    assert season.copies == 8


def test_the_history_of_a_season_is_not_filled_with_mistyped_names(center_client, season):
    history.record("student.sign_in_failed", season, by=history.SYSTEM)
    page = center_client.get(reverse("schools:season"))
    assert [line for line in page.context["events"] if line.event.kind == "student.sign_in_failed"] == []


def test_closing_and_opening_again(center_client, season, school):
    center_client.post(reverse("schools:season_close"))
    assert Season.objects.get().status == "closed"
    center_client.post(reverse("schools:season_open"))
    assert Season.objects.get().status == "open"


def test_the_days_are_edited_as_one_table(center_client, season, school):
    url = reverse("schools:timetable")
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
    assert said("Give both days, or none.") in text(answer)
    answer = center_client.post(url, lines | {"form-1-ends_on": "2022-04-05"})
    assert answer["Location"] == reverse("schools:schedule")
    assert list(season.windows.values_list("area__name", "starts_on")) == [
        ("North", dt.date(2022, 3, 21)),
        ("South", dt.date(2022, 3, 28)),
    ]


def test_the_same_name_twice_is_marked_at_both_lines(center_client, season):
    url = reverse("schools:timetable")
    lines = {"form-TOTAL_FORMS": "2", "form-INITIAL_FORMS": "0", "form-0-name": "South", "form-1-name": "South"}
    assert text(center_client.post(url, lines)).count(said("This name stands here twice.")) == 2


def test_an_officer_sees_the_season_but_does_not_change_it(season, school, center_client, center_officer):
    client = client_of(center_officer)
    assert said("Edit the terms") in text(center_client.get(reverse("schools:season")))
    assert said("Edit the terms") not in text(client.get(reverse("schools:season")))
    assert client.get(reverse("schools:season_edit")).status_code == 403
    assert client.post(reverse("schools:season_close")).status_code == 403


# schools


@pytest.fixture
def three_schools(season):
    return [factories.school(season=season, code=f"2000{n}", name=f"School {n}") for n in range(3)]


def test_the_list_of_schools_costs_the_same_for_one_and_for_three(center_client, season, school, request):
    url = reverse("schools:schools")
    one = statements_of(center_client, url)
    request.getfixturevalue("three_schools")
    assert statements_of(center_client, url) == one == 15


def test_schools_are_found_by_name_code_area_and_state(center_client, season, three_schools):
    url = reverse("schools:schools")
    with system_scope():
        let_delete(Enrolment)
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
    assert center_client.get(url).context["listed"].counts("state")["none"] == 1


def test_a_school_is_added_given_a_part_and_shown(center_client, season):
    area = Area.objects.create(code="north", name="North")
    answer = center_client.post(
        reverse("schools:school_new"),
        {"code": "3", "name": "Hill", "kind": "college", "area": area.pk, "is_active": "on"},
    )
    hill = School.objects.get(code="3")
    assert answer["Location"] == reverse("schools:school", args=[hill.pk])
    assert said("Nobody can sign in for this school yet.") in text(center_client.get(answer["Location"]))
    center_client.post(reverse("schools:schools_enrol"), {"pick": [hill.pk]})
    page = text(center_client.get(answer["Location"]))
    assert said("Take out of the season") in page
    center_client.post(reverse("schools:school_withdraw", args=[hill.pk]))
    with school_scope(hill):
        assert not Enrolment.objects.exists()


def test_the_page_of_a_school_costs_the_same_for_one_person_and_for_three(center_client, school, owner, colleague):
    url = reverse("schools:school", args=[school.pk])
    two = statements_of(center_client, url)
    factories.person("third", Role.SCHOOL_OFFICER, school)
    assert statements_of(center_client, url) == two == 16


def test_a_school_is_edited(center_client, school):
    data = {"code": school.code, "name": "Lakeside", "kind": "college", "area": school.area_id, "is_active": "on"}
    center_client.post(reverse("schools:school_edit", args=[school.pk]), data)
    row = School.objects.get()
    assert (row.name, row.kind) == ("Lakeside", "college")
    assert Event.objects.get(kind="school.changed").facts["kind"] == ["university", "college"]
    answer = center_client.post(reverse("schools:school_edit", args=[school.pk]), data | {"is_active": ""}, follow=True)
    assert School.objects.get().is_active
    assert said("This school takes part in a season that is open. Close the season first.") in text(answer)


def test_an_exception_is_granted_on_the_schools_page(center_client, school, season, owner):
    url = reverse("schools:exception_new", args=[school.pk])
    days = {"kind": "regular", "starts_on": "2022-06-01", "ends_on": "2022-05-01", "reason": "Internship"}
    assert said("The last day lies before the first.") in text(center_client.post(url, days))
    center_client.post(url, days | {"ends_on": "2022-06-02"})
    with school_scope(school):
        row = WindowException.objects.get()
    assert "Internship" in text(center_client.get(reverse("schools:school", args=[school.pk])))
    assert "Internship" in text(center_client.get(reverse("schools:season")))
    center_client.post(reverse("schools:exception_edit", args=[row.pk]), days | {"ends_on": "2022-06-03"})
    center_client.post(reverse("schools:exception_withdraw", args=[row.pk]))
    with school_scope(school):
        assert not WindowException.objects.exists()
        assert Notification.objects.filter(recipient_key=owner.actor_key).count() == 3


def test_the_register_goes_out_and_comes_in_as_a_workbook(center_client, school):
    assert center_client.get(reverse("schools:schools_export")).status_code == 405
    auditor = client_of(factories.person("auditor", Role.CENTER_AUDITOR))
    assert auditor.post(reverse("schools:schools_export")).status_code == 403
    answer = center_client.post(reverse("schools:schools_export"))
    with system_scope():
        assert Event.objects.get(kind="school.exported").facts == {"count": 1}
    assert "attachment" in answer["Content-Disposition"]
    rows = list(openpyxl.load_workbook(io.BytesIO(answer.content)).active.values)
    assert rows[1][:2] == ("10001", "Lakeside University")
    assert len(rows[0]) == len(rows[1]) == 17
    file = io.BytesIO(answer.content)
    file.name = "schools.xlsx"
    page = text(center_client.post(reverse("schools:schools_import"), {"file": file, "enrol": "on"}, follow=True))
    assert (
        said(
            "%(new)d new, %(changed)d changed, %(unchanged)d unchanged; %(enrolled)d now take part in the season.",
            new=0,
            changed=0,
            unchanged=1,
            enrolled=0,
        )
        in page
    )
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
    assert said("%(n)s cell is wrong; nothing has been written.", n="1") in text(answer)
    assert said("“%(name)s” is no area. Known are: %(known)s.", name="Nowhere", known="North") in text(answer)
    file = io.BytesIO(b"PK\x03\x04nonsense")
    file.name = "schools.xlsx"
    assert said("The file is damaged. Open it in Excel or WPS, save it as .xlsx and upload it again.") in text(
        center_client.post(reverse("schools:schools_import"), {"file": file})
    )


# overviews


def test_the_dashboard_is_made_of_panels_that_all_exist(center_client, season, school):
    page = center_client.get(reverse("schools:dashboard"))
    assert len(page.context["panels"]) == len(panels.registered()["center.dashboard"]) == 9
    for panel in page.context["panels"]:
        answer = center_client.get(panel.url, headers={"HX-Request": "true"})
        assert answer.status_code == 200
        assert "<html" not in text(answer)
        assert center_client.get(panel.page).status_code == 200


def test_the_schools_overview_says_what_is_next(owner_client, school, enrolment):
    page = owner_client.get(reverse("schools:school_home"))
    assert len(page.context["panels"]) == len(panels.registered()["school.overview"]) == 4
    assert [panel.url for panel in page.context["next_steps"]] == [reverse("printing:panel_next")]
    assert [phase.is_current for phase in page.context["phases"]].index(True) == 1
    for panel in page.context["panels"]:
        assert owner_client.get(panel.url, headers={"HX-Request": "true"}).status_code == 200
        assert owner_client.get(panel.page).status_code == 200


def test_a_school_that_takes_no_part_is_told_so(owner_client, school):
    with school_scope(school):
        let_delete(Enrolment)
        Enrolment.objects.all().delete()
    assert said("Your school does not take part in this season yet") in text(
        owner_client.get(reverse("schools:school_home"))
    )


@pytest.mark.urls("config.urls")
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
    one = statements_of(center_client, url)
    grants(school, season, 2)
    assert statements_of(center_client, url) == one == 19


def test_the_timetable_costs_the_same_for_one_and_for_three_areas(center_client, school, season):
    url = reverse("schools:timetable")
    one = statements_of(center_client, url)
    for n in range(2):
        area = Area.objects.create(code=f"a{n}", name=f"Area {n}")
        School.objects.create(code=f"9{n}", name=f"School {n}", area=area)
    assert statements_of(center_client, url) == one == 8
