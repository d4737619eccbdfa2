"""The live help of the camera page in real Chromium: what it says of good and bad pictures, and that it never forbids."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from capture.models import Photo
from portal.tenancy import school_scope
from tests import factories
from tests.capture.conftest import sign_in
from tests.support.camera_page import CAMERA, PHONE, form, says, scene
from tests.support.words import said

SCRIPTS = Path(__file__).resolve().parents[2] / "static" / "js"
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


@pytest.fixture
def student(scoped, school, season, db):
    row = factories.student(school, season, name="欧阳明月")
    factories.consent(row)
    return row


@pytest.fixture
def open_camera(browser, live_server, student):
    """`open_camera("night")`: the page before a scene. `script` runs before the page's own; without `network` the face
    network does not arrive."""
    contexts: list[BrowserContext] = []

    def opened(name: str, script: str = "", *, network: bool = True) -> Page:
        cookie = sign_in(student).cookies["sessionid"].value
        context = browser.new_context(base_url=live_server.url, viewport=PHONE, locale="en", has_touch=True)
        context.add_cookies([{"name": "sessionid", "value": cookie, "url": live_server.url}])
        context.add_init_script(CAMERA + script)
        context.route("**/scene.jpg", lambda route: route.fulfill(body=scene(name), content_type="image/jpeg"))
        if not network:
            context.route("**/blazeface.bin", lambda route: route.fulfill(status=404))
        contexts.append(context)
        page = context.new_page()
        page.goto("/me/camera/")
        return page

    yield opened
    for context in contexts:
        context.close()


@pytest.mark.django_db(transaction=True)
def test_good_light_is_praised_and_the_shutter_takes_at_once(open_camera):
    page = open_camera("good")
    says(page, "Good. Hold still and look into the lens.")
    expect(form(page)).to_have_attribute("data-light", "good")
    page.get_by_role("button", name=said("Take the photo")).click()
    expect(form(page)).to_have_attribute("data-mode", "frozen")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", SCENES)
def test_bad_pictures_get_one_hint_and_the_shutter_asks_once(open_camera, name):
    page = open_camera(name)
    says(page, SCENES[name])
    expect(form(page)).to_have_attribute("data-light", "warn")
    page.get_by_role("button", name=said("Take the photo")).click()
    says(page, "Press again to take it all the same.")
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
    """Hold the phone so: an upright one has beta 90; beta 80 and gamma 89.5 is one that leans 10 degrees to the right."""
    sessions = {}

    def held(page: Page, *, beta: float, gamma: float, times: int = 1) -> None:
        if page not in sessions:
            sessions[page] = page.context.new_cdp_session(page)
        for place in range(times):  # the needle swims, so it has to be told several times
            angles = {"alpha": 0, "beta": beta + place / 50, "gamma": gamma}
            sessions[page].send("DeviceOrientation.setDeviceOrientationOverride", angles)
            page.wait_for_timeout(40)

    return held


@pytest.mark.django_db(transaction=True)
def test_level_follows_the_phone(open_camera, lean):
    page = open_camera("good")
    says(page, "Good. Hold still and look into the lens.")
    level = page.locator("[data-level]")
    expect(level).to_have_attribute("visibility", "hidden")
    lean(page, beta=90, gamma=0)
    expect(level).to_have_attribute("visibility", "visible")
    expect(level).to_have_class(re.compile("is-level"))
    lean(page, beta=80, gamma=89.5, times=16)
    expect(level).not_to_have_class(re.compile("is-level"))
    says(page, "Hold the phone upright and level.")
    turned = float(re.search(r"rotate\((-?[\d.]+)", page.locator("[data-needle]").get_attribute("transform"))[1])
    assert turned == pytest.approx(-10, abs=1.5)


@pytest.mark.django_db(transaction=True)
def test_a_phone_held_from_below_is_told_to_stand_upright(open_camera, lean):
    page = open_camera("good")
    says(page, "Good. Hold still and look into the lens.")
    lean(page, beta=45, gamma=0, times=16)
    says(page, "Hold the phone upright and level.")


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
    lean(page, beta=90, gamma=0)
    shown = "visible" if answer == "granted" else "hidden"
    expect(page.locator("[data-level]")).to_have_attribute("visibility", shown)


def test_scripts_of_the_camera_read_in_browsers_of_2019():
    """No syntax and no interface that came later, unless the page asks for it first."""
    text = "\n".join(path.read_text() for path in [SCRIPTS / "camera.js", *sorted((SCRIPTS / "camera").glob("*.js"))])
    code = re.sub(r"//.*", "", text)

    assert not re.findall(
        r"\?\.[a-z\[(]|\?\?|\|\|=|catch \{|^await |#[a-z]\w* =|OffscreenCanvas|\.at\(|replaceAll", code, re.MULTILINE
    )
    for asked_first in ("Worker", "ImageCapture", "screen.orientation"):
        assert re.search(rf'"{asked_first}" in window|{asked_first} \?|try', code)
