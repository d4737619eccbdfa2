"""The live help of the camera page in real Chromium: what it says of good and bad pictures, and that it never forbids."""

import itertools
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from capture.models import Photo
from portal.tenancy import school_scope
from tests.support.camera_page import form, says, wait_for
from tests.support.words import said

SCRIPTS = Path(__file__).resolve().parents[3] / "static" / "js"
SCENES = {
    "against the light": "The light is behind you: turn towards it.",
    "night": "Too dark: find more light, from the front.",
    "shaken": "Not sharp: hold still, wipe the lens.",
    "sharpness": "Not sharp: hold still, wipe the lens.",
    "side_light": "One side is in shadow: face the light.",
    "burnt": "Too bright: move out of the glare.",
    "nobody": "No face in view.",
    "one_face": "Only you may be in the picture.",
    "face_size": "Too far: come closer, with your arm a little bent.",
    "too_close": "Too near: stretch your arm a little more.",
    "roll": "Hold your head upright.",
}


@pytest.mark.django_db(transaction=True)
def test_good_light_is_praised_and_the_shutter_takes_at_once(open_camera):
    page = open_camera("good")
    says(page, "Good. Hold still and look into the lens.")
    expect(form(page)).to_have_attribute("data-light", "good")
    page.get_by_role("button", name=said("Take the photo")).click()
    expect(form(page)).to_have_attribute("data-mode", "frozen")


@pytest.mark.django_db(transaction=True)
def test_bad_pictures_get_one_hint_and_the_shutter_asks_once(open_camera):
    """One scene after the other before the same camera."""
    page = open_camera("good")
    says(page, "Good. Hold still and look into the lens.")
    for name, hint in SCENES.items():
        page.evaluate("name => show(name)", name)
        says(page, hint)
        expect(form(page)).to_have_attribute("data-light", "warn")
    page.get_by_role("button", name=said("Take the photo")).click()
    says(page, "Press again to take it anyway.")
    expect(form(page)).to_have_attribute("data-mode", "live")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("good", "The light is good. Check for yourself that your head is upright and fills the oval."),
        ("roll", "The light is good. Check for yourself that your head is upright and fills the oval."),
        ("night", "Too dark: find more light, from the front."),
        ("nobody", "Bring your head into the oval, eyes on the line."),
    ],
)
def test_without_the_network_only_the_light_is_spoken_of(open_camera, name, message):
    page = open_camera(name, network=False)
    says(page, message)
    expect(form(page)).to_have_attribute("data-light", "" if message.startswith("The light") else "warn")


@pytest.mark.django_db(transaction=True)
def test_a_warning_forbids_nothing(open_camera, student, school):
    page = open_camera("night")
    says(page, "Too dark: find more light, from the front.")
    for _ in range(2):
        page.get_by_role("button", name=said("Take the photo")).click()
    expect(form(page)).to_have_attribute("data-mode", "frozen")
    with page.expect_navigation(url="**/me/check/"):
        page.get_by_role("button", name=said("Send this photo")).click()
    with school_scope(school):
        assert Photo.objects.get(student=student).status == Photo.Status.CHECKING


@pytest.fixture
def lean():
    """Hold the phone so, `until` the page shows it, since the needle swims: an upright one has beta 90; beta 80 and gamma 89.5 is
    one that leans 10 degrees to the right.
    """
    sessions = {}

    def held(page: Page, *, beta: float, gamma: float, until: str) -> None:
        if page not in sessions:
            sessions[page] = page.context.new_cdp_session(page)
        places = itertools.cycle((0.0, 0.2))  # what stands still is told once

        def is_shown():
            angles = {"alpha": 0, "beta": beta + next(places), "gamma": gamma}
            sessions[page].send("DeviceOrientation.setDeviceOrientationOverride", angles)
            return page.evaluate(f"Boolean({until})")

        wait_for(page, is_shown)

    return held


LEVEL = "document.querySelector('[data-level]').getAttribute('visibility') === 'visible' && document.querySelector('.is-level')"
TURNED = "Math.abs(Number(/-?[0-9.]+/.exec(document.querySelector('[data-needle]').getAttribute('transform'))[0]) + 10) < 1.5"
TOLD = f"document.querySelector('[role=status]').textContent === '{said('Hold the phone upright and level.')}'"


@pytest.mark.django_db(transaction=True)
def test_level_follows_the_phone(open_camera, lean):
    page = open_camera("good")
    says(page, "Good. Hold still and look into the lens.")
    expect(page.locator("[data-level]")).to_have_attribute("visibility", "hidden")
    lean(page, beta=90, gamma=0, until=LEVEL)
    lean(page, beta=80, gamma=89.5, until=TURNED)
    assert not page.evaluate(LEVEL)
    says(page, "Hold the phone upright and level.")
    lean(page, beta=90, gamma=0, until=LEVEL)
    says(page, "Good. Hold still and look into the lens.")
    lean(page, beta=45, gamma=0, until=TOLD)  # seen from below


# As iOS does: without a tap the question itself is an error.
ASKING = """
for (const kind of [DeviceOrientationEvent, DeviceMotionEvent]) {
  kind.requestPermission = async () => {
    if (!navigator.userActivation.isActive) throw new DOMException("no tap", "NotAllowedError");
    return "%s";
  };
}
"""


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("answer", ["granted", "denied"])
def test_where_the_phone_wants_to_be_asked_the_level_waits_for_a_tap(open_camera, lean, answer):
    page = open_camera("good", ASKING % answer)
    says(page, "Good. Hold still and look into the lens.")
    page.get_by_role("button", name=said("Use the level")).click()
    expect(page.get_by_role("button", name=said("Use the level"))).to_be_hidden()
    page.evaluate("addEventListener('deviceorientation', (event) => { window.isTold = event.beta !== null; })")
    lean(page, beta=90, gamma=0, until="window.isTold")
    shown = "visible" if answer == "granted" else "hidden"
    expect(page.locator("[data-level]")).to_have_attribute("visibility", shown)


def test_scripts_of_the_camera_read_in_browsers_of_2019():
    """No syntax and no interface that came later, unless the page asks for it first."""
    text = "\n".join(path.read_text() for path in [SCRIPTS / "camera.js", *sorted((SCRIPTS / "camera").glob("*.js"))])
    code = re.sub(r"//.*", "", text)

    assert not re.findall(r"\?\.[a-z\[(]|\?\?|\|\|=|catch \{|^await |#[a-z]\w* =|\.at\(|replaceAll", code, re.MULTILINE)
    for asked_first in ("Worker", "VideoFrame", "ImageCapture", "screen.orientation", "OffscreenCanvas"):
        assert re.search(rf'"{asked_first}" in (window|self)|{asked_first} \?', code)
