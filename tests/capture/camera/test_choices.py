"""What a student may choose on the camera page, in real Chromium: the automatic shutter, the voice, the back camera."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.support.camera_page import LOOKS, SECONDS, form, says, take, wait_for
from tests.support.words import said

# A device that speaks: what is said is written down, and a sentence ends when the test says so: `finish()`.
SPEAKING = """
window.heard = [];
addEventListener("pointerdown", () => { window.isTapped = true; }, { capture: true });
const speech = new EventTarget();
speech.getVoices = () => [
  { name: "Anna", lang: "de-DE", localService: true },
  { name: "Ting-Ting", lang: "zh-CN", localService: true },
];
speech.speaking = speech.pending = false;
speech.cancel = () => { speech.speaking = false; };
speech.speak = (saying) => {
  if (!window.isTapped) return saying.onerror();
  saying.onstart();
  window.heard.push({ text: saying.text, lang: saying.lang, over: speech.speaking });
  speech.speaking = true;
  window.finish = () => { speech.speaking = false; saying.onend(); };
};
Object.defineProperty(window, "speechSynthesis", { value: speech });
window.SpeechSynthesisUtterance = class { constructor(text) { this.text = text; } };
"""
SILENT = (
    'Object.defineProperty(window, "speechSynthesis", { value: { getVoices: () => [], cancel() {}, speak() {} } });'
)
BUZZING = "window.buzzed = []; navigator.vibrate = (time) => window.buzzed.push([time, document.querySelector('#camera').dataset.mode]);"
BACK = """
const several = [1, 2].map((n) => ({ kind: "videoinput", deviceId: String(n) }));
navigator.mediaDevices.enumerateDevices = async () => several;
"""
NO_NETWORK = "delete window.Worker;"


def option(page: Page, name: str):
    return page.locator(f"[data-{name}]")


def stays_live(page: Page) -> None:
    """Over ten more looks, and as long as a sentence must have stood before the photo takes itself."""
    looks, now = page.evaluate("[looks, performance.now()]")
    wait_for(page, lambda: page.evaluate("looks") >= looks + 10 and page.evaluate("performance.now()") > now + 1500)
    expect(form(page)).to_have_attribute("data-mode", "live")


def turn_on(page: Page, name: str) -> None:
    expect(option(page, name)).to_be_visible(timeout=20000)
    option(page, name).click()
    expect(option(page, name)).to_have_attribute("aria-pressed", "true")


@pytest.mark.django_db(transaction=True)
def test_the_photo_takes_itself_when_the_oval_is_green(open_camera):
    page = open_camera("good", SECONDS)
    expect(option(page, "auto")).to_have_attribute("aria-pressed", "false")
    turn_on(page, "auto")
    says(page, "Hold still: taking the photo. Tap to stop.")
    expect(page.locator(".cam-ring")).to_be_visible()
    for left in ("2", "1"):
        expect(page.locator("[data-count]")).to_have_text(left)
        page.evaluate("second()")
    expect(form(page)).to_have_attribute("data-mode", "frozen", timeout=8000)
    page.reload()
    expect(form(page)).to_have_attribute("data-mode", "frozen")
    page.get_by_role("button", name=said("Take again")).click()
    expect(option(page, "auto")).to_have_attribute("aria-pressed", "true")


@pytest.mark.django_db(transaction=True)
def test_a_stopped_automatic_photo_does_not_start_again_before_the_face_has_moved(open_camera):
    page = open_camera("good", SECONDS + LOOKS)
    turn_on(page, "auto")
    expect(form(page)).to_have_attribute("data-mode", "counting", timeout=15000)
    page.get_by_role("button", name=said("Stop the countdown")).click()
    expect(form(page)).to_have_attribute("data-mode", "live")
    says(page, "Good. Hold still and look into the lens.")
    stays_live(page)
    page.evaluate("light('brightness(0.1)')")
    expect(form(page)).to_have_attribute("data-light", "warn", timeout=15000)
    page.evaluate("light('none')")
    expect(form(page)).to_have_attribute("data-mode", "counting", timeout=15000)
    page.keyboard.press("Escape")
    expect(form(page)).to_have_attribute("data-mode", "live")
    assert not page.evaluate("isCounting()")


@pytest.mark.django_db(transaction=True)
def test_a_bad_picture_does_not_take_itself(open_camera):
    page = open_camera("night", LOOKS)
    turn_on(page, "auto")
    says(page, "Too dark: find more light, from the front.")
    stays_live(page)


@pytest.mark.django_db(transaction=True)
def test_a_picture_that_turns_bad_stops_the_countdown(open_camera):
    page = open_camera("good", SECONDS)
    turn_on(page, "auto")
    expect(form(page)).to_have_attribute("data-mode", "counting", timeout=15000)
    page.evaluate("light('brightness(0.1)')")
    expect(form(page)).to_have_attribute("data-mode", "live", timeout=15000)
    says(page, "Too dark: find more light, from the front.")
    expect(page.locator("[data-count]")).to_have_text("")
    assert not page.evaluate("isCounting()")


@pytest.mark.django_db(transaction=True)
def test_automatic_countdown_stands_still_where_less_motion_is_asked(open_camera):
    page = open_camera("good", SECONDS, reduced_motion="reduce")
    turn_on(page, "auto")
    expect(page.locator("[data-count]")).to_have_text("2", timeout=15000)
    assert page.locator(".cam-ring circle").evaluate("ring => getComputedStyle(ring).animationName") == "none"


@pytest.mark.django_db(transaction=True)
def test_without_the_network_nothing_is_claimed_of_a_face(open_camera):
    page = open_camera("good", NO_NETWORK)
    says(page, "The light is good. Check for yourself that your head is upright and fills the oval.")
    expect(form(page)).to_have_attribute("data-light", "")
    expect(option(page, "auto")).to_be_hidden()


@pytest.mark.django_db(transaction=True)
def test_hints_are_said_aloud_one_after_the_other_and_none_twice(open_camera):
    page = open_camera("good", SPEAKING)
    says(page, "Good. Hold still and look into the lens.")
    assert page.evaluate("heard") == []
    turn_on(page, "voice")
    take(page)
    assert [entry["text"] for entry in page.evaluate("heard")] == [said("Hints are said aloud now.")]
    page.evaluate("finish()")
    page.evaluate("finish()")
    heard = page.evaluate("heard")
    assert [entry["text"] for entry in heard] == [
        said("Hints are said aloud now."),
        said("Eyes open, mouth closed, nothing over the brows? Then send it."),
    ]
    assert {(entry["lang"], entry["over"]) for entry in heard} == {("zh-CN", False)}


@pytest.mark.django_db(transaction=True)
def test_a_voice_that_was_chosen_before_speaks_from_the_first_tap_on(open_camera):
    page = open_camera("good", SPEAKING + "localStorage.setItem('camera.voice', 'on');")
    expect(option(page, "voice")).to_have_attribute("aria-pressed", "true")
    says(page, "Good. Hold still and look into the lens.")
    assert page.evaluate("heard") == []
    page.locator("[data-stage]").click()
    assert [entry["text"] for entry in page.evaluate("heard")] == [said("Good. Hold still and look into the lens.")]


@pytest.mark.django_db(transaction=True)
def test_where_the_device_has_no_voice_no_button_is_shown(open_camera):
    page = open_camera("good", SILENT)
    says(page, "Good. Hold still and look into the lens.")
    expect(option(page, "voice")).to_be_hidden()


@pytest.mark.django_db(transaction=True)
def test_phone_buzzes_once_the_photo_is_taken(open_camera):
    page = open_camera("good", BUZZING)
    take(page)
    assert page.evaluate("buzzed") == [[60, "starting"]]


@pytest.mark.django_db(transaction=True)
def test_with_the_back_camera_the_page_speaks_to_who_holds_the_phone(open_camera):
    page = open_camera("good", BACK)
    says(page, "Good. Hold still and look into the lens.")
    expect(form(page)).to_have_attribute("data-mirrored", "")
    option(page, "flip").click()
    says(page, "Good. Hold the phone still and take the photo.")
    expect(form(page)).not_to_have_attribute("data-mirrored", re.compile(".*"))
    expect(page.locator(".cam-guide .oval")).to_be_visible()
    take(page)
    says(page, "Eyes open, mouth closed, nothing over the brows? Show it to the person, then send it.")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("key", ["Space", "Enter"])
def test_shutter_has_a_key(open_camera, key):
    page = open_camera("good")
    says(page, "Good. Hold still and look into the lens.")
    page.keyboard.press(key)
    expect(form(page)).to_have_attribute("data-mode", "frozen")
