"""The verdict in real Chromium: the place that is meant lies under the mark, however the photo was held."""

import io
import re
import uuid

import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image
from playwright.sync_api import expect

from capture.judging import judge
from capture.models import Photo
from demo.drawn_people import Person, draw_portrait
from demo.drawn_people.portrait import EYE_LINE
from portal.tenancy import school_scope
from tests import factories
from tests.capture.conftest import sign_in
from tests.support.words import said
from tests.vision.pictures import turned

PHONE = {"width": 390, "height": 844}
WALL = (205, 206, 204)


@pytest.fixture
def student(scoped, school, season, db):
    row = factories.student(school, season, name="欧阳明月")
    factories.consent(row)
    return row


@pytest.fixture
def verdict_page(browser, live_server, student, school):
    """Send a photo, have it judged, and open the page that says what was found."""
    contexts = []

    def opened(data: bytes):
        client = sign_in(student)
        photo = SimpleUploadedFile("photo.jpg", data, "image/jpeg")
        assert client.post("/me/upload/", {"photo": photo, "token": uuid.uuid4()}).status_code == 200
        with school_scope(school):
            judge.judge_photo(photo_id=Photo.objects.latest("pk").pk)
        context = browser.new_context(base_url=live_server.url, viewport=PHONE, locale="en")
        contexts.append(context)
        context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}])
        page = context.new_page()
        page.goto("/me/check/")
        return page

    yield opened
    for context in contexts:
        context.close()


def shut_eyes() -> Image.Image:
    return draw_portrait(Person.random(2), size=(900, 1200), violation="eyes")


def jpeg(picture: Image.Image) -> bytes:
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=92)
    return file.getvalue()


def landscape() -> tuple[bytes, float, float]:
    """The person at the right of a wide picture; where the middle between the eyes is, as parts of it."""
    wide = Image.new("RGB", (1600, 1200), WALL)
    wide.paste(shut_eyes(), (700, 0))
    return jpeg(wide), (700 + 450) / 1600, EYE_LINE


HELD = {
    "upright": lambda: (jpeg(shut_eyes()), 0.5, EYE_LINE),
    "landscape": landscape,
    "turned": lambda: (turned(np.asarray(shut_eyes()), 6), 0.5, EYE_LINE),
    "mirrored and turned": lambda: (turned(np.asarray(shut_eyes()), 5), 0.5, EYE_LINE),
}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("held", HELD)
def test_marks_lie_on_the_eyes_that_are_shut(verdict_page, held):
    data, x, y = HELD[held]()
    page = verdict_page(data)
    expect(page.get_by_role("heading", level=1)).to_have_text(said("Please take it again"))
    picture = page.locator(".verdict-shot img").bounding_box()
    boxes = [box.bounding_box() for box in page.locator(".marks rect.is-reject").all()][:2]
    middle = [(box["x"] + box["width"] / 2 - picture["x"]) / picture["width"] for box in boxes]
    height = [(box["y"] + box["height"] / 2 - picture["y"]) / picture["height"] for box in boxes]

    assert len(boxes) == 2
    assert sum(middle) / 2 == pytest.approx(x, abs=0.03)
    assert sum(height) / 2 == pytest.approx(y, abs=0.02)
    assert picture["width"] <= PHONE["width"]


@pytest.mark.django_db(transaction=True)
def test_a_warning_shows_the_place_beside_the_portrait_and_lets_her_hand_in(verdict_page):
    page = verdict_page(jpeg(draw_portrait(Person.random(2), size=(900, 1200), violation="lens_glare")))

    expect(page.get_by_role("img", name="欧阳明月")).to_be_visible()
    expect(page.get_by_role("img", name=said("Your photo, with the places marked"))).to_be_visible()
    assert page.locator(".marks .is-warn").count() >= 2
    expect(page.get_by_text(said("The glasses reflect light."))).to_be_visible()
    expect(page.get_by_text(said("You may submit it anyway: somebody at your school will look at it."))).to_be_visible()
    expect(page.get_by_role("button", name=re.compile(said("Submit")))).to_be_enabled()
