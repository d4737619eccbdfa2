"""Two seasons at the same time: the season is in the address, a draft hides nothing, the archive is only read."""

import datetime as dt

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from capture import capture_period
from capture.models import LimitSet, Photo
from portal import notifications
from portal.models import Role
from portal.tenancy import center_scope, school_scope
from schools import enrolments, season_addresses, seasons
from schools.models import Area, Enrolment, Season, Window
from tests import factories
from tests.conftest import client_of
from tests.support.words import said

PAGE = {"Accept": "text/html"}
# Every list of the center and of a school.
CENTER = (
    *("schools:dashboard", "schools:season", "schools:schools", "students:center_students", "capture:center_photos"),
    *(
        "capture:photo_rules",
        "billing:center_fees",
        "billing:waivers",
        "billing:receipts",
        "billing:center_settlements",
    ),
    *("proofing:center_feedback", "printing:center_runs", "printing:center_shipments", "year_end:year_end"),
    *("capture:panel_today", "billing:panel_fees", "printing:panel_printing", "proofing:panel_feedback"),
)
SCHOOL = (
    *("schools:school_home", "students:roster", "capture:review", "capture:exemptions", "capture:stations"),
    *("proofing:proofs", "proofing:corrections", "proofing:feedback", "printing:prints", "billing:account"),
)


def text(response) -> str:
    return response.content.decode()


@pytest.fixture
def next_year(season, school, center_admin) -> Season:
    """The draft of the next season, made from this one with its school."""
    draft = seasons.draft(after=season, today=season.payment_due)
    fields = seasons.CARRIED_OVER + ("year", "graduating_class", "payment_due", "notice")
    terms = {name: getattr(draft, name) for name in fields}
    with center_scope():
        return seasons.create_season(by=center_admin, after=season, schools=[school], **terms)


def test_of_two_open_seasons_that_is_current_whose_days_have_begun(client, season, school, next_year):
    """Next year's is opened while this year's students photograph: front page and portals stay with this year's."""
    Season.objects.filter(pk=next_year.pk).update(status="open")
    today, area = timezone.localdate(), school.area
    last = today + dt.timedelta(days=310)
    Window.objects.update_or_create(season=season, area=area, defaults={"starts_on": today, "ends_on": today})
    window, _made = Window.objects.update_or_create(
        season=next_year, area=area, defaults={"starts_on": last, "ends_on": last}
    )
    assert f"{season.graduating_class}届毕业生<wbr>图像采集" in text(client.get("/"))
    window.starts_on = today
    window.save()
    assert f"{next_year.graduating_class}届毕业生<wbr>图像采集" in text(client.get("/"))


def test_a_school_reads_that_the_center_has_closed_the_capture(season, school, owner_client, center_admin):
    with center_scope():
        seasons.close_season(Season.objects.get(pk=season.pk), by=center_admin)
    assert said(
        "The center has closed the capture of this season (%(day)s). No more photos are taken; review,"
        " proofreading, form, fees and prints go on."
    ) in text(owner_client.get("/school/", follow=True))


@pytest.fixture
def in_review(school, season) -> Photo:
    return factories.photo(factories.student(school, season, name="李待审"), "submitted")


def in_season(season: Season, name: str, *args) -> str:
    return season_addresses.reverse_in(season.year, name, *args)


def test_an_address_without_a_year_leads_to_the_season_of_the_person(owner_client, season, school):
    answer = owner_client.get("/school/roster/?q=a", headers=PAGE)
    assert (answer.status_code, answer["Location"]) == (302, f"/school/{season.year}/roster/?q=a")
    panel = owner_client.get("/panels/capture/today/", headers=PAGE | {"HX-Request": "true"})
    assert panel.status_code == 200


def test_closing_with_the_next_draft_made_hides_nothing(season, next_year, school, in_review, center_client, owner):
    answer = center_client.post(in_season(season, "schools:season_close"), follow=True)
    assert Season.objects.get(pk=season.pk).status == "closed"
    review = in_season(season, "capture:center_photos")
    assert f'href="{review}?state=submitted"' in text(answer)
    assert f"{said('Photos in review')} 1" in text(answer)
    for name in CENTER:
        assert center_client.get(in_season(season, name)).status_code == 200, name
    for name in SCHOOL:
        assert client_of(owner).get(in_season(season, name)).status_code == 200, name
    assert "李待审" in text(center_client.get(f"{review}?state=submitted"))
    # Without a year the center is in the season that is over, not in the draft.
    moved = client_of(factories.person("other", Role.CENTER_OFFICER)).get("/center/", headers=PAGE)
    assert moved["Location"] == in_season(season, "schools:dashboard")
    center_client.post(in_season(season, "schools:season_open"))
    assert Season.objects.get(pk=season.pk).status == "open"


def test_lists_of_one_season_show_nothing_of_the_other(season, next_year, school, in_review, center_client):
    factories.student(school, next_year, name="王来年")
    this, then = (text(center_client.get(in_season(row, "students:center_students"))) for row in (season, next_year))
    assert ("李待审" in this, "王来年" in this) == (True, False)
    assert ("李待审" in then, "王来年" in then) == (False, True)


def test_a_draft_and_a_year_that_is_not_there_are_404_for_a_school(season, next_year, owner_client, center_client):
    address = in_season(next_year, "students:roster")
    assert owner_client.get(address).status_code == 404
    assert owner_client.get(address.replace(str(next_year.year), "1999")).status_code == 404
    assert center_client.get(in_season(next_year, "schools:dashboard")).status_code == 200
    assert Client().get(in_season(next_year, "schools:dashboard")).status_code == 302  # the way in
    assert f"/{next_year.year}/" not in text(owner_client.get(in_season(season, "schools:school_home")))


def test_the_switcher_keeps_the_page_and_the_season_is_remembered(season, next_year, center_client):
    page = text(center_client.get(in_season(season, "capture:center_photos")))
    assert f'href="{in_season(next_year, "capture:center_photos")}"' in page
    center_client.get(in_season(next_year, "schools:schools"))
    assert in_season(next_year, "schools:schools") in text(center_client.get(reverse("portal:permissions")))
    student = factories.student(factories.school(season=season, code="10003", name="Third"), season)
    page = text(center_client.get(in_season(season, "students:center_student", student.pk)))
    assert f'href="{in_season(next_year, "schools:dashboard")}"' in page


def test_a_school_sees_the_seasons_in_which_it_takes_part(season, school, owner):
    old = factories.season(year=season.year - 1, status="closed")
    other = factories.season(year=season.year - 2, status="closed")
    with school_scope(school):
        Enrolment.objects.create(school=school, season=old, status="received")
    page = text(client_of(owner).get(in_season(season, "schools:school_home")))
    assert in_season(old, "schools:school_home") in page
    assert in_season(other, "schools:school_home") not in page


def test_the_archive_is_read_and_refuses_changes_with_a_sentence(season, school, in_review, owner, center_admin):
    photo = in_review
    Season.objects.update(status="archived")
    client = client_of(owner)
    for name in SCHOOL:
        assert client.get(in_season(season, name)).status_code == 200, name
    sentence = said(
        "Season %(year)s is in the archive: it can be read, and nothing in it changes any more.", year=season
    )
    answer = client.post(in_season(season, "capture:approve", photo.pk))
    assert (answer.status_code, sentence in text(answer)) == (409, True)
    with school_scope(school):
        photo.refresh_from_db()
    assert photo.status == "submitted"
    exported = client.post(in_season(season, "students:roster_export"), {"format": "csv"})
    assert exported.status_code == 200
    center = client_of(center_admin)
    assert center.post(in_season(season, "schools:season_edit"), {}).status_code in (200, 409)
    center.post(in_season(season, "schools:season_take_out"))
    assert Season.objects.get().status == "closed"
    client.post(in_season(season, "capture:approve", photo.pk))
    with school_scope(school):
        photo.refresh_from_db()
    assert photo.status == "approved"


def test_a_season_is_made_with_days_schools_settings_and_limits(
    season, school, other_school, center_client, center_admin
):
    with center_scope():
        Enrolment.objects.filter(school=school).update(
            payment_mode="student", student_notice=f"{season.year}年到西门拍照"
        )
    LimitSet.objects.create(season=season, number=4, changes={"roll": {"reject": 9}}, reason="x")
    Season.objects.update(consent_text=f"用于{season.graduating_class}届毕业生图像采集")
    page = center_client.get(in_season(season, "schools:season_new"))
    assert f"<del>{season.graduating_class}届</del>" in text(page)
    form = page.context["form"]
    data = {name: form[name].value() for name in form.fields} | {"price_fen": "15", "schools": [school.pk]}
    center_client.post(in_season(season, "schools:season_new"), {k: v for k, v in data.items() if v is not None})
    new = Season.objects.get(year=season.year + 1)
    with center_scope():
        (row,) = Enrolment.objects.filter(season=new)
    assert (row.school, row.payment_mode, row.student_notice) == (school, "student", f"{new.year}年到西门拍照")
    assert new.consent_text == f"用于{new.graduating_class}届毕业生图像采集"
    (made,) = LimitSet.objects.filter(season=new)
    assert (made.number, made.changes) == (1, {"roll": {"reject": 9}})
    assert Window.objects.filter(season=new).count() == Area.objects.count()


def test_a_closed_capture_ends_that_of_its_schools_so_that_their_work_goes_on(season, school, center_admin):
    seasons.close_season(season, by=center_admin)
    assert capture_period.end_finished_captures() == 1
    assert factories.enrolment_of(school, season).status == "proofreading"
    with pytest.raises(Exception, match=said("The capture of season %(year)s is closed.", year=season)):
        enrolments.enrol([school], season=Season.objects.get(), by=center_admin)


def test_a_link_opened_after_the_next_season_opened_leads_to_its_object(season, next_year, school, in_review, owner):
    with school_scope(school):
        about = {"name": "x", "number": 3}
        (row,) = notifications.notify_school(school, kind="attack.student", season=season, parameters=about)
    admin = factories.person("chief", Role.CENTER_ADMIN)
    with school_scope(school):
        kind, failed = "fees.refund_failed", {"amount": 1500, "number": "1"}
        to_center = notifications.notify_center(
            kind=kind, season=season, parameters=failed, link=in_season(next_year, "billing:center_fees")
        )
    Season.objects.filter(pk=next_year.pk).update(status="open")
    opened = client_of(owner).post(reverse("portal:message", args=[row.pk]))
    assert opened["Location"] == in_season(season, "students:roster")
    assert {sent.link for sent in to_center} == {in_season(season, "billing:center_fees")}
    # An old link without a year leads to the newest season, and from there to the object's own.
    page = client_of(admin).get(f"/center/photos/{in_review.pk}/", headers=PAGE, follow=True)
    assert page.redirect_chain[-1][0] == in_season(season, "capture:center_photo", in_review.pk)
