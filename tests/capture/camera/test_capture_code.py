"""Scanning a capture code in real Chromium: the camera sees a screen with the code, and the student is signed in."""

import cv2
import numpy as np
import pytest
from playwright.sync_api import expect

from capture.sign_in import simulated_decoder
from tests.support import code_pictures
from tests.support.words import said

pytestmark = [pytest.mark.django_db(transaction=True)]


@pytest.fixture
def season(season):
    season.sign_in_offered = ["capture_code"]
    season.save()
    return season


@pytest.fixture
def film_of_a_code(film, student):
    """Ten frames of a telephone that shows the student's code, before the person who is usually there comes back."""
    before = film.read_bytes() if film.exists() else None
    frame = np.full((720, 960), 70, np.uint8)
    frame[100:620, 220:740] = cv2.resize(code_pictures.code(simulated_decoder.code_of(student)), (520, 520))
    seen = cv2.cvtColor(cv2.cvtColor(frame, cv2.COLOR_GRAY2BGR), cv2.COLOR_BGR2YUV_I420).tobytes()
    film.write_bytes(b"YUV4MPEG2 W960 H720 F10:1 Ip A1:1 C420jpeg\n" + (b"FRAME\n" + seen) * 10)
    yield
    if before:
        film.write_bytes(before)


def test_a_code_is_scanned_and_signs_in(browser, live_server, student, settings, film_of_a_code):
    settings.CAPTURE_CODE_DECODER = {"provider": "simulator"}
    page = browser.new_context(viewport={"width": 390, "height": 844}, permissions=["camera"]).new_page()
    page.goto(f"{live_server.url}/me/sign-in/")
    page.get_by_label(said("Student number")).fill(student.student_no)
    page.get_by_role("button", name=said("Scan the code with the camera")).click()
    expect(page.get_by_text(said("The code has been read. Now go on."))).to_be_visible(timeout=30000)
    page.get_by_role("button", name=said("Sign in"), exact=True).click()
    page.wait_for_url("**/me/")
    page.context.close()
