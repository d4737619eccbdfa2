"""The camera page in real Chromium, its camera fed from a drawn person."""

import json
import os
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from capture.models import Photo
from portal.tenancy import school_scope
from tests.support.camera_page import SECONDS, form, press_through, take
from tests.support.words import said

PICTURES = Path(os.environ.get("CAMERA_SHOTS", "var/screenshots"))


@pytest.fixture
def has_network() -> bool:
    return False


def let_files_in(enrolment, school, *, allowed: bool) -> None:
    enrolment.allow_file = allowed
    with school_scope(school):
        enrolment.save()


def look(page: Page, name: str) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=PICTURES / f"{name}.png")


@pytest.mark.django_db(transaction=True)
def test_without_scripts_the_page_says_so_and_shows_no_shutter(open_camera):
    page = open_camera(java_script_enabled=False)
    expect(page.locator(".cam-none noscript").first).to_be_visible()
    expect(page.locator("[data-shutter]")).to_be_hidden()


@pytest.mark.django_db(transaction=True)
def test_photo_is_taken_looked_at_and_sent(open_camera, student, school):
    page = open_camera(network=True)
    expect(page.get_by_role("status")).to_have_text(said("Good. Hold still and look into the lens."), timeout=15000)
    look(page, "camera_live_390")
    take(page)
    look(page, "camera_frozen_390")
    with page.expect_navigation(url="**/me/check/"):
        page.get_by_role("button", name=said("Send this photo")).click()
    with school_scope(school):
        photo = Photo.objects.get(student=student)
    assert (photo.width, photo.height, photo.origin) == (960, 1280, "camera")


@pytest.mark.django_db(transaction=True)
def test_pressing_send_twice_makes_one_photo(open_camera, student, school):
    page = open_camera()
    take(page)
    with page.expect_navigation(url="**/me/check/"):
        page.evaluate("() => { const b = document.querySelector('[data-send]'); b.click(); b.click(); }")
    with school_scope(school):
        assert Photo.objects.filter(student=student).count() == 1


@pytest.mark.django_db(transaction=True)
def test_photo_can_be_taken_again_before_it_is_sent(open_camera, student, school):
    page = open_camera()
    take(page)
    page.get_by_role("button", name=said("Take again")).click()
    expect(form(page)).to_have_attribute("data-mode", "live")
    take(page)
    page.keyboard.press("Escape")
    expect(form(page)).to_have_attribute("data-mode", "live")
    with school_scope(school):
        assert not Photo.objects.filter(student=student).exists()


@pytest.mark.django_db(transaction=True)
def test_photo_survives_a_lost_network_and_is_sent_again(open_camera):
    page = open_camera()
    take(page)
    page.context.set_offline(True)
    page.get_by_role("button", name=said("Send this photo")).click()
    expect(form(page)).to_have_attribute("data-mode", "failed")
    expect(page.get_by_role("status")).to_contain_text(
        said("No connection. Your photo is kept on this device for 24 hours: send it as soon as the network is back.")
    )
    look(page, "camera_offline_390")
    page.context.set_offline(False)
    expect(page.get_by_role("status")).to_have_text(said("The network is back. You can send the photo now."))
    with page.expect_navigation(url="**/me/check/"):
        page.get_by_role("button", name=said("Send again")).click()


@pytest.mark.django_db(transaction=True)
def test_refusal_of_the_server_is_shown_in_its_own_words(open_camera):
    page = open_camera()
    sentence = "Your school has closed for today. Come back tomorrow at 08:00."
    page.route("**/me/upload/", lambda route: route.fulfill(status=403, body=json.dumps({"error": sentence})))
    take(page)
    page.get_by_role("button", name=said("Send this photo")).click()
    expect(page.get_by_role("status")).to_have_text(sentence)
    expect(page.get_by_role("button", name=said("Take again"))).to_be_enabled()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("status", [502, 403])
def test_answer_that_is_no_answer_gets_a_sentence(open_camera, status):
    page = open_camera()
    page.route("**/me/upload/", lambda route: route.fulfill(status=status, body="<html>"))
    take(page)
    page.get_by_role("button", name=said("Send this photo")).click()
    expect(page.get_by_role("status")).to_contain_text(
        said("The server could not take the photo just now. It is kept on this page: please send it again in a moment.")
    )


@pytest.mark.django_db(transaction=True)
def test_timer_counts_down_and_can_be_stopped(open_camera):
    page = open_camera(script=SECONDS)
    count = page.locator("[data-count]")
    expect(form(page)).to_have_attribute("data-mode", "live", timeout=15000)
    page.get_by_role("button", name=said("Timer: off")).click()
    expect(page.get_by_role("button", name=said("Timer: 3 seconds"))).to_be_visible()
    press_through(page)
    expect(count).to_have_text("3")
    look(page, "camera_timer_390")
    page.get_by_role("button", name=said("Stop the countdown")).click()
    expect(form(page)).to_have_attribute("data-mode", "live")
    expect(count).to_have_text("")
    press_through(page)
    for left in ("3", "2", "1"):
        expect(count).to_have_text(left)
        page.evaluate("second()")
    expect(form(page)).to_have_attribute("data-mode", "frozen", timeout=8000)


@pytest.mark.django_db(transaction=True)
def test_without_permission_the_page_says_how_to_allow_the_camera(open_camera, enrolment, school):
    let_files_in(enrolment, school, allowed=False)
    page = open_camera(allowed=False)
    expect(page.get_by_role("alert")).to_contain_text(
        said("The camera is blocked. Allow this page to use it in the browser's settings, then try again.")
    )
    expect(page.get_by_role("button", name=said("Try the camera again"))).to_be_visible()
    expect(page.get_by_text(said("Choose a photo file"))).to_have_count(0)
    look(page, "camera_blocked_390")


@pytest.mark.django_db(transaction=True)
def test_without_camera_a_file_can_be_sent_where_the_school_allows_it(
    open_camera, enrolment, student, school, good_photo, tmp_path
):
    let_files_in(enrolment, school, allowed=True)
    picture = tmp_path / "me.jpg"
    picture.write_bytes(good_photo)
    page = open_camera(allowed=False)
    expect(page.get_by_text(said("Choose a photo file"))).to_be_visible()
    look(page, "camera_file_390")
    page.locator("[data-file]").set_input_files(picture)
    expect(form(page)).to_have_attribute("data-mode", "frozen")
    look(page, "camera_file_frozen_390")
    with page.expect_navigation(url="**/me/check/"):
        page.get_by_role("button", name=said("Send this photo")).click()
    with school_scope(school):
        assert Photo.objects.get(student=student).origin == "file"


@pytest.mark.django_db(transaction=True)
def test_a_refused_file_is_replaced_by_another_one(open_camera, enrolment, student, school, good_photo, tmp_path):
    let_files_in(enrolment, school, allowed=True)
    wrong, right = tmp_path / "wrong.jpg", tmp_path / "right.jpg"
    wrong.write_bytes(b"<html>no picture</html>")
    right.write_bytes(good_photo)
    page = open_camera(allowed=False)
    page.locator("[data-file]").set_input_files(wrong)
    page.get_by_role("button", name=said("Send this photo")).click()
    expect(form(page)).to_have_attribute("data-mode", "failed")
    expect(page.get_by_role("button", name=said("Send again"))).to_have_count(0)
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name=said("Choose another file")).click()
    chooser.value.set_files(right)
    with page.expect_navigation(url="**/me/check/"):
        page.get_by_role("button", name=said("Send this photo")).click()
    with school_scope(school):
        assert Photo.objects.get(student=student).origin == "file"


@pytest.mark.django_db(transaction=True)
def test_page_runs_under_the_content_policy_without_a_complaint(open_camera):
    complaints = []
    page = open_camera()
    page.on("console", lambda line: complaints.append(line.text) if line.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.reload()
    take(page)
    assert page.evaluate("document.querySelectorAll('[style]').length") == 0
    assert complaints == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "size", [{"width": 844, "height": 390}, {"width": 1440, "height": 900}, {"width": 320, "height": 568}]
)
def test_shutter_and_picture_fit_every_window(open_camera, size):
    page = open_camera()
    page.set_viewport_size(size)
    expect(form(page)).to_have_attribute("data-mode", "live", timeout=15000)
    look(page, f"camera_live_{size['width']}")
    shutter = page.get_by_role("button", name=said("Take the photo")).bounding_box()
    video = page.locator("video").bounding_box()
    for box in (shutter, video):
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= size["width"]
        assert box["y"] + box["height"] <= size["height"]
    assert video["width"] / video["height"] == pytest.approx(0.75, abs=0.01)
    assert video["height"] > size["height"] * 0.45
