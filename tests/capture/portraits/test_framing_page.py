"""The page that frames a portrait by hand, in real Chromium: dragged, wheeled, typed, and made by the worker's own code."""

import json
import os
import re
from pathlib import Path
from urllib.parse import urlencode

import numpy as np
import pytest
from django.core.files.base import ContentFile
from playwright.sync_api import Page, expect

from capture.models import Photo
from capture.portraits import remake
from portal.background import jobs
from portal.models import Job
from portal.tenancy import school_scope
from tests import factories
from tests.conftest import client_of
from tests.support.words import said
from vision.portrait.head_position import HeadPosition, crop_for

pytestmark = pytest.mark.django_db(transaction=True)
PICTURES = Path(os.environ.get("CAMERA_SHOTS", "var/screenshots"))
DESK = {"width": 1440, "height": 900}
MADE = said("Made. The old portrait has been replaced; the original is as it was.")
NUMBERS = ("face_width", "eye_line", "sideways", "tilt")


@pytest.fixture
def queued(monkeypatch):
    """The test is the worker: jobs wait until it runs them."""
    told: list[int] = []
    monkeypatch.setattr(jobs, "enqueue", lambda job: told.append(job.pk))
    return told


@pytest.fixture
def photo(scoped, student, season, good_photo, good_judgement, queued) -> Photo:
    row = factories.photo(student, width=1200, height=1600)
    for name, content in {"original": good_photo, **good_judgement.files}.items():
        getattr(row, name).save("p.jpg", ContentFile(content), save=False)
    row.measures, row.geometry = good_judgement.measures, good_judgement.geometry
    row.background = season.background
    row.save()
    return row


@pytest.fixture
def open_page(browser, live_server, photo, owner):
    contexts = []

    def opened(path: str = "", *, person=owner, size=DESK, **how) -> Page:
        cookie = client_of(person).cookies["sessionid"].value
        context = browser.new_context(base_url=live_server.url, viewport=size, locale="en", **how)
        context.add_cookies([{"name": "sessionid", "value": cookie, "url": live_server.url}])
        contexts.append(context)
        page = context.new_page()
        page.goto(path or f"/school/photos/{photo.pk}/frame/")
        return page

    yield opened
    for context in contexts:
        context.close()


def numbers(page: Page) -> dict[str, float]:
    """What the form would send. Waits for the frame that is being drawn."""
    page.evaluate("() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))")
    return {name: float(page.locator(f"#id_{name}").input_value()) for name in NUMBERS}


def stage(page: Page) -> tuple[float, float, float]:
    """Middle of the frame in px of the screen, and px of the screen a px of the portrait."""
    box = page.locator("[data-stage] svg .edge").bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, box["width"] / 480


def drag(page: Page, dx: float, dy: float) -> None:
    """By px of the portrait."""
    x, y, px = stage(page)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + dx * px, y + dy * px, steps=4)
    page.mouse.up()


def status(page: Page):
    return page.locator("#crop-status")


def make(page: Page):
    return page.get_by_role("button", name=said("Make the portrait"))


def work(school) -> None:
    """What the worker does."""
    with school_scope(school):
        for job in Job.objects.filter(kind="portrait", status=Job.Status.QUEUED):
            jobs.run(job.pk)


def again(photo: Photo) -> Photo:
    with school_scope(photo.school):
        return Photo.objects.get(pk=photo.pk)


def look(page: Page, name: str) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=PICTURES / f"{name}.png")


def test_dragging_moves_the_photo_under_the_frame(open_page):
    page = open_page()
    before = numbers(page)
    look(page, "crop_1440")
    drag(page, 12, -15)
    after = numbers(page)
    assert after["sideways"] == pytest.approx(before["sideways"] + 12, abs=1)
    assert after["eye_line"] == pytest.approx(before["eye_line"] - 15, abs=1)
    assert (after["face_width"], after["tilt"]) == (before["face_width"], before["tilt"])
    expect(status(page)).to_have_text(said("Inside the standard."))


def test_wheel_scales_about_the_eyes_and_turns_with_shift(open_page):
    page = open_page()
    before = numbers(page)
    page.mouse.move(*stage(page)[:2])
    page.mouse.wheel(0, -90)
    scaled = numbers(page)
    assert scaled["face_width"] == pytest.approx(before["face_width"] * np.exp(90 / 1500), abs=0.2)
    assert (scaled["eye_line"], scaled["sideways"]) == (before["eye_line"], before["sideways"])
    page.keyboard.down("Shift")
    page.mouse.wheel(0, 200)
    page.keyboard.up("Shift")
    assert numbers(page)["tilt"] == pytest.approx(before["tilt"] + 1.0, abs=0.11)


def test_every_key_does_its_part(open_page):
    page = open_page()
    before = numbers(page)
    for key in ("ArrowRight", "ArrowDown", "Shift+ArrowDown", "+", "+", "-", "]", "]", "["):
        page.keyboard.press(key)
    after = numbers(page)
    assert after["sideways"] == pytest.approx(before["sideways"] + 1)
    assert after["eye_line"] == pytest.approx(before["eye_line"] + 11)
    assert after["face_width"] == pytest.approx(before["face_width"] + 1)
    assert after["tilt"] == pytest.approx(before["tilt"] + 0.2)
    page.keyboard.press("0")
    assert numbers(page) == before
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("r")
    assert numbers(page) == before
    page.keyboard.press("Escape")
    page.wait_for_url("**/school/*/review/**")


def test_two_fingers_scale_and_turn(open_page):
    page = open_page(has_touch=True, size={"width": 390, "height": 844})
    before = numbers(page)
    look(page, "crop_390")
    x, y = stage(page)[:2]
    phone = page.context.new_cdp_session(page)

    def touch(kind: str, half: float, turn: float) -> None:
        across, down = half * np.cos(np.radians(turn)), half * np.sin(np.radians(turn))
        points = [{"x": x - across, "y": y - down, "id": 1}, {"x": x + across, "y": y + down, "id": 2}]
        phone.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [] if kind == "touchEnd" else points})

    touch("touchStart", 50, 0)
    for part in (0.25, 0.5, 0.75, 1.0):
        touch("touchMove", 50 + 5 * part, 4 * part)
    touch("touchEnd", 0, 0)
    after = numbers(page)
    assert after["face_width"] == pytest.approx(before["face_width"] * 1.1, abs=1.5)
    assert after["tilt"] == pytest.approx(before["tilt"] + 4, abs=0.5)


def test_numbers_and_sliders_and_buttons_are_one(open_page):
    page = open_page()
    page.locator("#id_eye_line").fill("240.5")
    row = page.locator("[data-row=eye_line]")
    expect(row.locator("[data-slide]")).to_have_js_property("value", "240.5")
    row.get_by_role("button", name=said("Down")).click()
    assert numbers(page)["eye_line"] == 241.5
    page.locator("[data-row=tilt] [data-slide]").evaluate(
        "(slide) => { slide.value = 2; slide.dispatchEvent(new Event('input', {bubbles: true})); }"
    )
    assert numbers(page)["tilt"] == 2.0


def test_what_leaves_the_standard_is_red_said_and_not_made(open_page, queued):
    page = open_page()
    drag(page, 0, 90)
    eyes, hair = said("Eyes from the upper edge"), said("Hair from the upper edge")
    outside = f"{said('Outside of the standard:')} {eyes}{said(', ')}{hair}"
    expect(status(page)).to_have_text(outside)
    expect(page.locator("[data-row=eye_line]")).to_have_class(re.compile("is-out"))
    expect(page.locator("[data-band=hair_top]")).to_have_class(re.compile("is-out"))
    expect(make(page)).to_be_disabled()
    look(page, "crop_outside_1440")
    page.keyboard.press("Enter")
    assert queued == []
    page.keyboard.press("0")
    expect(status(page)).to_have_text(said("This is the frame that the portrait has now."))
    expect(make(page)).to_be_disabled()


def test_browser_and_server_compute_the_same_numbers(open_page, photo, school):
    page = open_page()
    for place in ({"face_width": 250.0, "eye_line": 290.0, "sideways": 35.0, "tilt": 4.5}, {"tilt": -5.0}):
        for name, value in place.items():
            page.locator(f"#id_{name}").fill(str(value))
        shown = numbers(page)
        with school_scope(school):
            crop = crop_for(HeadPosition(**shown), photo.measures, remake.size_of(photo))
            found = remake.numbers_of(photo, crop)
        assert float(page.locator("[data-fact=hair_top] output").inner_text()) == pytest.approx(
            found["hair_top"], abs=0.1
        )
        assert float(page.locator("[data-fact=outside] output").inner_text()) == pytest.approx(
            found["outside"] * 100, abs=0.1
        )


def test_browser_and_server_agree_on_what_lies_outside(open_page, photo, school):
    """The photo ends below the chin: the lower border cuts through the person."""
    with school_scope(school):
        photo.measures |= {"cut": [None, [0.0, 1.0], None, [0.3, 1.0]]}
        photo.height = 1150
        for name in ("eyes", "cheeks", "hair_top"):
            photo.measures[name] = (np.array(photo.measures[name]) * [1, 1600 / 1150]).tolist()
        photo.save()
    page = open_page()
    page.locator("#id_face_width").fill("190")
    page.locator("#id_sideways").fill("-30")
    page.locator("#id_tilt").fill("4")
    shown = numbers(page)
    with school_scope(school):
        crop = crop_for(HeadPosition(**shown), photo.measures, remake.size_of(photo))
        outside = remake.numbers_of(photo, crop)["outside"]
    assert outside > 0.02
    assert float(page.locator("[data-fact=outside] output").inner_text()) == pytest.approx(outside * 100, abs=0.1)


def test_portrait_is_made_and_shown_without_leaving_the_page(open_page, photo, school):
    page = open_page()
    drag(page, 8, -10)
    wanted = numbers(page)
    page.keyboard.press("Enter")
    expect(page.locator("#made")).to_contain_text(said("The portrait is being made…"))
    expect(make(page)).to_be_disabled()
    work(school)
    expect(page.locator("#made")).to_contain_text(MADE)
    expect(page.locator("#made")).to_contain_text(said("framed by hand"))
    made = again(photo)
    assert made.portrait.name != photo.portrait.name
    assert made.geometry["eye_line"] == pytest.approx(wanted["eye_line"], abs=0.1)
    assert made.portrait_version in page.locator("#made img").get_attribute("src")
    look(page, "crop_made_1440")
    page.keyboard.press("r")
    page.keyboard.press("Enter")
    expect(page.locator("#made")).to_contain_text(said("The portrait is being made…"))
    work(school)
    expect(page.locator("#made")).to_contain_text(said("automatic frame"))
    assert again(photo).geometry["crop"] == photo.geometry["crop"]


def test_second_reviewer_is_told_and_keeps_the_numbers(open_page, photo, school, colleague):
    first, second = open_page(), open_page(person=colleague)
    first.keyboard.press("ArrowUp")
    first.keyboard.press("Enter")
    expect(first.locator("#made")).to_contain_text(said("The portrait is being made…"))
    second.keyboard.press("ArrowDown")
    second.keyboard.press("Enter")
    at_work = said("%(name)s is having this portrait remade right now. Wait, then look at it.", name="Owner")
    expect(second.locator("#toasts")).to_contain_text(at_work)
    work(school)
    second.keyboard.press("Enter")
    faster = said("%(name)s has reframed this portrait in the meantime. Look at it first.", name="Owner")
    expect(second.locator("#toasts")).to_contain_text(faster)


def test_light_table_leads_there_and_back_and_tells_it(open_page, photo, school):
    page = open_page("/school/review/")
    page.keyboard.press("c")
    page.wait_for_url(f"**/school/*/photos/{photo.pk}/frame/**")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    expect(page.locator("#made")).to_contain_text(said("The portrait is being made…"))
    work(school)
    expect(page.locator("#made")).to_contain_text(MADE)
    page.keyboard.press("Escape")
    page.wait_for_url(f"**/school/*/review/?photo={photo.pk}")
    expect(page.locator(".timeline")).to_contain_text(said("Frame of the portrait set by hand"))
    expect(page.locator(".timeline")).to_contain_text(said("Eyes (px)"))


def test_form_works_without_javascript(open_page, photo, school):
    page = open_page(java_script_enabled=False)
    page.locator("#id_eye_line").fill("245")
    make(page).click()
    expect(page.locator("#made")).to_contain_text(said("The portrait is being made…"))
    work(school)
    page.get_by_role("link", name=said("Refresh")).click()
    expect(page.locator("#made")).to_contain_text(MADE)
    assert again(photo).geometry["eye_line"] == pytest.approx(245, abs=0.1)
    page.locator("#id_eye_line").fill("330")
    make(page).click()
    message = "The eyes would lie %(now)s px below the edge; the standard asks for %(low)s to %(high)s."
    expect(page.get_by_text(said(message, now=330, low=200, high=300))).to_be_visible()
    page.get_by_role("button", name=said("Automatic frame")).click()
    work(school)
    assert again(photo).geometry["crop"] == photo.geometry["crop"]


def test_center_frames_too(open_page, photo, school, center_admin):
    page = open_page(f"/center/photos/{photo.pk}/", person=center_admin)
    page.get_by_role("link", name=said("Adjust the frame")).click()
    page.wait_for_url("**/frame/")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    expect(page.locator("#made")).to_contain_text(said("The portrait is being made…"))
    work(school)
    expect(page.locator("#made")).to_contain_text(MADE)
    page.keyboard.press("Escape")
    page.wait_for_url(f"**/center/*/photos/{photo.pk}/")


@pytest.mark.parametrize(
    ("back", "leads_to"),
    [("/school/corrections/?status=open", "/school/corrections/?status=open"), ("//elsewhere.example/", "review")],
)
def test_page_leads_back_to_where_one_came_from_but_never_out_of_the_house(open_page, photo, back, leads_to):
    page = open_page(f"/school/photos/{photo.pk}/frame/?{urlencode({'back': back})}")
    assert leads_to in page.locator("[data-leave]").get_attribute("href").split("?back")[0]


def test_portrait_that_is_fixed_says_why_and_shows_no_tools(open_page, photo, school):
    with school_scope(school):
        Photo.objects.filter(pk=photo.pk).update(original="")
    page = open_page()
    expect(
        page.get_by_text(said("The original has been deleted after the retention time: the portrait stays as it is."))
    ).to_be_visible()
    expect(page.locator("#crop-form")).to_have_count(0)


def test_page_runs_under_the_content_policy_without_a_complaint(open_page):
    complaints: list[str] = []
    page = open_page()
    page.on("console", lambda line: complaints.append(line.text) if line.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.reload()
    drag(page, 10, 10)
    page.keyboard.press("+")
    numbers(page)
    assert page.evaluate("document.querySelectorAll('[style]').length") == 0
    assert json.loads(page.locator("[data-crop]").get_attribute("data-crop"))["size"] == [1200, 1600]
    assert complaints == []


@pytest.mark.parametrize("size", [{"width": 390, "height": 844}, {"width": 820, "height": 1180}, DESK])
def test_page_fits_every_window(open_page, size):
    page = open_page(size=size)
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    box = page.locator("[data-stage] svg").bounding_box()
    assert box["width"] > 280
    assert box["y"] + box["height"] < size["height"]
