"""Sending the stamped form in real Chromium: an error is shown at the field, a success as a toast."""

import pytest
from playwright.sync_api import expect

from portal.tenancy import school_scope
from proofing import feedback
from schools.models import Enrolment
from tests.conftest import client_of
from tests.support.school_papers import STAMPED, confirm, with_portrait
from tests.support.words import said

NO_PICTURE = {"name": "scan.jpg", "mimeType": "image/jpeg", "buffer": b"<!doctype html><p>not a scan</p>"}
SCAN = {"name": "scan.jpg", "mimeType": "image/jpeg", "buffer": STAMPED}


@pytest.fixture
def page(browser, live_server, school, season, owner):
    """The page of a school whose form waits for its stamp."""
    student = with_portrait(school, season)
    with school_scope(school):
        Enrolment.objects.filter(school=school).update(status=Enrolment.Status.PROOFREADING)
        confirm(student)
        feedback.make(Enrolment.objects.select_related("season", "school").get(), by=owner)
    context = browser.new_context(base_url=live_server.url, locale="zh-CN")
    cookie = client_of(owner).cookies["sessionid"].value
    context.add_cookies([{"name": "sessionid", "value": cookie, "url": live_server.url}])
    opened = context.new_page()
    opened.goto("/school/feedback/")
    yield opened
    context.close()


def send(page, file):
    page.locator("input[type=file]").set_input_files(file)
    page.locator("form[data-progress] button").click()


def test_a_file_that_is_no_scan_comes_back_with_its_reason_and_the_right_one_goes(page):
    send(page, NO_PICTURE)
    expect(page.locator(".field.has-error .error")).to_contain_text(
        said("This is neither a PDF nor a picture. Send the scan as PDF, or a photo of the sheet as JPEG or PNG.")
    )
    send(page, SCAN)
    expect(page.locator("#toasts")).to_contain_text(said("The form is with the center"))
    expect(page.locator("form[data-progress]")).to_have_count(0)
