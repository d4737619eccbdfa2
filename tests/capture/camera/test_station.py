"""A device at a station in real Chromium: two students, one after the other, the second without a network."""

import pytest
from playwright.sync_api import expect

from capture.models import Consent, Film, Photo, Station
from portal.models import Role
from portal.tenancy import school_scope
from tests import factories
from tests.capture.stations.test_station_mode import begin
from tests.support.camera_page import CAMERA, FILMED, press_send, scene, take, wait_for
from tests.support.words import said

QUEUED = "indexedDB.databases().then((all) => all.some(({ name }) => name === 'tucai-station'))"


@pytest.fixture
def page(browser, live_server, school, season, db):
    with school_scope(school):
        station = Station.objects.create(school=school, season=season, name="甲站", place="一楼", on_days_off=True)
    client = begin(factories.person("helper", Role.SCHOOL_HELPER, school), station)
    context = browser.new_context(base_url=live_server.url, viewport={"width": 820, "height": 1180}, locale="zh-CN")
    context.grant_permissions(["camera"], origin=live_server.url)
    context.route("**/scene.jpg?*", lambda route: route.fulfill(body=scene("good"), content_type="image/jpeg"))
    context.route("**/blazeface.bin", lambda route: route.fulfill(status=404))
    context.add_init_script(CAMERA + FILMED)
    context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}])
    opened = context.new_page()
    opened.goto("/station/")
    yield opened
    context.close()


@pytest.mark.django_db(transaction=True)
def test_two_students_one_after_the_other_and_the_second_without_a_network(page, school, season):
    rows = [
        factories.student(school, season, name=name, student_no=f"2023{n}", college="文学院", class_name="一班")
        for n, name in enumerate(("欧阳明月", "司马相如"))
    ]
    for n in range(40):  # so many classes that the college is chosen first
        factories.student(school, season, student_no=f"2024{n}", college="理学院", class_name=f"{n}班")
    page.reload()
    expect(page.locator("[data-class] option")).to_have_count(1)
    page.get_by_label(said("Choose a college")).select_option(label="文学院")
    page.locator("[data-class]").select_option(label="一班")
    page.get_by_role("listitem").filter(has_text="欧阳明月").get_by_role("button", name=said("Call")).click()
    agree(page)
    take(page)
    press_send(page)
    photo = wait_for(page, lambda: first_photo(school))
    with school_scope(school):
        assert Consent.objects.get().station == "甲站"
        Photo.objects.filter(pk=photo.pk).update(status=Photo.Status.READY)
    expect(page.locator("[data-verdict-text]")).to_have_text(said("The photo is good. Check it, then submit it."))

    page.context.set_offline(True)
    page.get_by_role("button", name=said("Next student")).click()
    expect(page.get_by_role("alert")).to_have_text(
        said("No connection. Photos are kept on this device and sent later. The list may be old.")
    )
    page.get_by_label(said("Choose a college")).select_option(label="理学院")
    expect(page.locator("[data-list] li")).to_have_count(0)  # not those of the class before
    page.get_by_label(said("Choose a college")).select_option(label="文学院")
    page.locator("[data-class]").select_option(label="一班")
    page.get_by_role("listitem").filter(has_text="司马相如").get_by_role("button", name=said("Call")).click()
    assert not page.get_by_label(said("I have read the text above and agree.")).is_checked()
    assert "欧阳明月" not in page.locator("[data-in=consent]").inner_html()
    assert page.evaluate("filmed") == 0  # of the first, who has not agreed to it
    page.get_by_label(
        said("A second of small pictures from just before the shutter may be sent with my photo.")
    ).check()
    agree(page)
    wait_for(page, lambda: page.evaluate("filmed") > 5)
    take(page)
    press_send(page)
    expect(page.locator("[data-verdict-text]")).to_have_text(
        said("Kept on this device. It is sent and checked when the network is back.")
    )
    page.get_by_role("button", name=said("Next student")).click()
    expect(page.locator("[data-queued]")).to_have_text(said("{n} to send").replace("{n}", "1"))
    left = page.evaluate(
        "() => [document.querySelector('[data-picture]').src, document.querySelector('[data-still]').src]"
    )
    assert left == ["", ""]
    assert page.evaluate(QUEUED)

    page.context.set_offline(False)
    second = wait_for(page, lambda: first_photo(school, rows[1]))
    assert (second.origin, second.student_id) == ("station", rows[1].pk)
    with school_scope(school):
        assert Film.objects.get().photo_id == second.pk
    expect(page.locator("[data-queued]")).to_be_hidden()


def agree(page):
    page.get_by_label(said("These details are mine and correct.")).check()
    page.get_by_label(said("I have read the text above and agree.")).check()
    page.get_by_role("button", name=said("This is me, and I agree")).click()


def first_photo(school, student=None):
    with school_scope(school):
        rows = Photo.objects.filter(student=student) if student else Photo.objects.all()
        return rows.first()
