"""A photo that is not sent yet, in real Chromium: it outlives session, page and network, and only its student sees it."""

import pytest
from playwright.sync_api import Page, expect

from capture.models import Photo
from portal.tenancy import school_scope
from tests import factories
from tests.support.camera_page import enter, form, press_send, take, wait_for
from tests.support.database import by_owner
from tests.support.words import said

SIGNED_OUT = "You are signed out. Your photo is kept on this device for 24 hours: sign in, then send it."
WAITS = "A photo taken on this device has not been sent yet. Whoever took it can sign in and send it."
# The record that the browser keeps; `change` may change it.
RECORD = """async (change) => {
  const promisify = (request) => new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  const opening = indexedDB.open("tucai", 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore("photos");
  const database = await promisify(opening);
  const store = database.transaction("photos", "readwrite").objectStore("photos");
  const record = await promisify(store.get("unsent"));
  if (record && change) await promisify(store.put({ ...record, ...change }, "unsent"));
  database.close();
  return record ? Array.from(new Uint8Array(record.sealed)) : null;
}"""


@pytest.fixture
def has_network() -> bool:
    return False


@pytest.fixture
def other(scoped, school, season, db):
    row = factories.student(school, season, name="王二")
    factories.consent(row)
    return row


def fill_in(page: Page, student) -> None:
    for name, value in (("name", student.name), ("id_number", student.id_number), ("student_no", student.student_no)):
        page.locator(f"[name={name}]").fill(value)
    page.get_by_role("button", name=said("Sign in")).click()


def kept(page: Page) -> bytes:
    """What the browser keeps, once it keeps something."""
    return wait_for(page, lambda: bytes(page.evaluate(RECORD) or []))


def expect_nothing_kept(page: Page) -> None:
    wait_for(page, lambda: page.evaluate(RECORD) is None)


def shown(page: Page) -> None:
    """The kept photo is on the page, ready to be sent."""
    expect(form(page)).to_have_attribute("data-mode", "frozen")
    expect(page.locator("[data-still]")).to_be_visible()
    assert page.locator("[data-still]").evaluate("still => still.decode().then(() => still.naturalHeight)") == 1280


def send(page: Page) -> None:
    with page.expect_navigation(url="**/me/check/"):
        press_send(page)


def count(student, school) -> int:
    with school_scope(school):
        return Photo.objects.filter(student=student).count()


@pytest.mark.django_db(transaction=True)
def test_a_session_that_ended_keeps_the_photo_through_sign_in(open_camera, student, school):
    page = open_camera()
    take(page)
    assert kept(page)
    by_owner("DELETE FROM django_session")
    press_send(page)
    expect(form(page)).to_have_attribute("data-mode", "expired")
    expect(page.get_by_role("status")).to_have_text(said(SIGNED_OUT))
    page.get_by_role("link", name=said("Sign in")).click()
    expect(page.get_by_text(said(WAITS))).to_be_visible()
    fill_in(page, student)
    shown(page)
    send(page)
    assert count(student, school) == 1
    expect_nothing_kept(page)


@pytest.mark.django_db(transaction=True)
def test_a_closed_tab_and_a_reload_keep_the_photo(open_camera, student, school):
    page = open_camera()
    take(page)
    assert kept(page)
    page.reload()
    shown(page)
    again = page.context.new_page()
    page.close()
    again.goto("/me/")
    again.get_by_role("link", name=said("You took a photo that has not been sent yet")).click()
    shown(again)
    send(again)
    assert count(student, school) == 1


@pytest.mark.django_db(transaction=True)
def test_what_is_kept_is_no_picture_without_its_students_key(open_camera):
    page = open_camera()
    take(page)
    stored = kept(page)
    assert len(stored) > 20_000
    assert b"\xff\xd8\xff" not in stored
    assert b"photo.jpg" not in stored


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("path", ["/me/", "/me/camera/"])
def test_whoever_signs_in_next_neither_sees_nor_keeps_it(open_camera, other, live_server, path):
    page = open_camera()
    take(page)
    assert kept(page)
    enter(page, other, live_server.url)
    page.goto(path)
    if path == "/me/camera/":
        expect(form(page)).to_have_attribute("data-mode", "live", timeout=15000)
    expect_nothing_kept(page)
    expect(page.get_by_text(said("You took a photo that has not been sent yet"))).to_be_hidden()


@pytest.mark.django_db(transaction=True)
def test_another_student_in_the_next_tab_does_not_get_the_photo(open_camera, student, other, school, live_server):
    """Their session takes the place of the first one's; the page that was left open sends nothing into it."""
    page = open_camera()
    take(page)
    tab = page.context.new_page()
    tab.goto("/me/")
    tab.get_by_role("button", name=said("Sign out")).click()
    fill_in(tab, other)
    expect(tab.get_by_text("王二").first).to_be_visible()
    page.bring_to_front()
    press_send(page)
    expect(page.get_by_role("alert")).to_have_text(
        said("Somebody else has signed in on this device. The photo was not sent and is not kept.")
    )
    expect(page.locator("[data-still]")).to_be_hidden()
    assert (count(student, school), count(other, school)) == (0, 0)


@pytest.mark.django_db(transaction=True)
def test_signing_out_deletes_it(open_camera):
    page = open_camera()
    take(page)
    assert kept(page)
    page.goto("/me/")
    page.get_by_role("button", name=said("Sign out")).click()
    page.wait_for_url("**/me/sign-in/")
    expect_nothing_kept(page)
    expect(page.get_by_text(said(WAITS))).to_be_hidden()


@pytest.mark.django_db(transaction=True)
def test_after_a_day_it_is_deleted(open_camera):
    page = open_camera()
    take(page)
    assert kept(page)
    now = page.evaluate("Date.now()")
    page.evaluate(RECORD, {"at": now - 24 * 3600 * 1000 - 1000})
    page.reload()
    expect(form(page)).to_have_attribute("data-mode", "live", timeout=15000)
    expect_nothing_kept(page)


@pytest.mark.django_db(transaction=True)
def test_taking_again_deletes_it(open_camera):
    page = open_camera()
    take(page)
    assert kept(page)
    page.get_by_role("button", name=said("Take again")).click()
    expect(form(page)).to_have_attribute("data-mode", "live")
    expect_nothing_kept(page)


@pytest.mark.django_db(transaction=True)
def test_a_kept_photo_can_be_taken_again(open_camera):
    page = open_camera()
    take(page)
    assert kept(page)
    page.reload()
    shown(page)
    page.get_by_role("button", name=said("Take again")).click()
    take(page)


@pytest.mark.django_db(transaction=True)
def test_where_nothing_can_be_kept_the_page_says_that_it_must_be_taken_again(open_camera):
    page = open_camera(script="indexedDB.open = () => { throw new DOMException('private window', 'SecurityError'); };")
    take(page)
    by_owner("DELETE FROM django_session")
    press_send(page)
    expect(form(page)).to_have_attribute("data-mode", "expired")
    expect(page.get_by_role("status")).to_have_text(
        said("You are signed out, and this browser keeps no photos: please sign in and take it again.")
    )


@pytest.mark.django_db(transaction=True)
def test_an_old_form_gets_a_new_token_and_the_photo_is_sent(open_camera, student, school, live_server):
    """The student has signed in again in another tab, which made this page's CSRF token invalid."""
    page = open_camera()
    take(page)
    tab = page.context.new_page()
    by_owner("DELETE FROM django_session")
    tab.goto("/me/sign-in/")
    fill_in(tab, student)
    tab.wait_for_url("**/me/")
    page.bring_to_front()
    send(page)
    assert count(student, school) == 1


@pytest.mark.django_db(transaction=True)
def test_a_store_that_does_not_answer_in_time_keeps_the_photo(open_camera):
    """A phone that is busy just after the page was loaded."""
    page = open_camera(
        script="""if (sessionStorage.slow) {
          const open = IDBFactory.prototype.open;
          IDBFactory.prototype.open = function (...given) { return window.answers ? open.apply(this, given) : {}; };
        }"""
    )
    take(page)
    assert kept(page)
    page.evaluate("sessionStorage.slow = 1")
    page.reload()
    expect(form(page)).to_have_attribute("data-mode", "live", timeout=20_000)
    page.evaluate("window.answers = true")
    assert kept(page)


@pytest.mark.django_db(transaction=True)
def test_a_photo_that_did_arrive_is_not_a_second_one(open_camera, student, school):
    """The answer was lost on the way: the photo is sent again, as the same."""
    page = open_camera()
    take(page)
    assert kept(page)
    page.route("**/me/upload/", lambda route: (route.fetch(), route.abort()))
    press_send(page)
    expect(form(page)).to_have_attribute("data-mode", "failed")
    assert count(student, school) == 1
    page.unroute("**/me/upload/")
    page.reload()
    shown(page)
    send(page)
    assert count(student, school) == 1


@pytest.mark.django_db(transaction=True)
def test_a_page_that_was_left_hides_the_photo_when_the_session_is_over(open_camera):
    page = open_camera()
    take(page)
    by_owner("DELETE FROM django_session")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(form(page)).to_have_attribute("data-mode", "expired")
    assert "blur" in page.locator("[data-still]").evaluate("still => getComputedStyle(still).filter")


@pytest.mark.django_db(transaction=True)
def test_whoever_signs_in_again_in_another_tab_finds_the_photo_as_it_was(open_camera, student, school):
    page = open_camera()
    take(page)
    by_owner("DELETE FROM django_session")
    press_send(page)
    expect(form(page)).to_have_attribute("data-mode", "expired")
    tab = page.context.new_page()
    tab.goto("/me/sign-in/")
    fill_in(tab, student)
    tab.wait_for_url("**/me/")
    page.bring_to_front()
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    shown(page)
    send(page)
    assert count(student, school) == 1


@pytest.mark.django_db(transaction=True)
def test_a_server_with_too_many_photos_gets_it_later_by_itself(open_camera, student, school):
    page = open_camera()
    take(page)
    assert kept(page)
    page.clock.install()
    page.route(
        "**/me/upload/", lambda route: route.fulfill(status=503, headers={"Retry-After": "170"}, json={"error": "-"})
    )
    press_send(page)
    expect(form(page)).to_have_attribute("data-mode", "failed")
    sentence = said(
        "Very many photos are coming in just now. Yours is kept on this device for 24 hours. Leave this page open and it is "
        "sent by itself in about {n} min, or come back then and send it."
    )
    expect(page.get_by_role("status")).to_have_text(sentence.replace("{n}", "3"))
    page.unroute("**/me/upload/")
    with page.expect_navigation(url="**/me/check/"):
        page.clock.fast_forward(170_000)
    assert count(student, school) == 1
    expect_nothing_kept(page)
