"""The page of judging rules in real Chromium: a limit is tried, looked at, put back, and saved."""

import re

import pytest
from playwright.sync_api import Page, expect

import vision
from capture.models import LimitSet, Photo
from tests import factories
from tests.conftest import client_of
from tests.support.words import said

pytestmark = pytest.mark.django_db(transaction=True)
DESK = {"width": 1440, "height": 900}
OTHERWISE = re.sub(
    r"<[^>]+>", "", said("<strong>%(n)s</strong> of %(total)s verdicts would be different.", n=1, total=1)
)


@pytest.fixture
def photo(student) -> Photo:
    measures = {"faces": 1, "roll": 6.0}
    found = vision.judge(measures).findings
    return factories.photo(student, findings={f.rule: f.outcome for f in found}, measures=measures, outcome="amber")


@pytest.fixture
def open_page(browser, live_server, photo, center_admin):
    contexts, complaints = [], []

    def opened(**how) -> Page:
        cookie = client_of(center_admin).cookies["sessionid"].value
        context = browser.new_context(base_url=live_server.url, viewport=DESK, locale="en", **how)
        context.add_cookies([{"name": "sessionid", "value": cookie, "url": live_server.url}])
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto("/center/judging/")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


def test_a_limit_is_tried_put_back_and_saved(open_page, photo):
    page = open_page()
    comparison, warn = page.locator("#comparison"), page.locator('[name="roll.warn"]')
    page.locator("#rule-roll > summary").click()
    warn.press_sequentially("7")
    expect(comparison).to_contain_text(OTHERWISE)
    expect(comparison).to_contain_text(photo.student.name)

    limit = page.locator("[data-limit]", has=warn)
    limit.locator("[data-default]").click()
    expect(warn).to_have_value("")
    expect(comparison).to_contain_text(said("These are the limits in force: nothing would change."))

    limit.locator('input[type="checkbox"]').check()
    expect(warn).to_be_disabled()
    expect(comparison).to_contain_text(OTHERWISE)
    page.get_by_label(said("Reason")).fill("Phones are held askew.")
    page.get_by_role("button", name=said("Save")).click()
    expect(page.locator("#history")).to_contain_text("Phones are held askew.")
    assert LimitSet.objects.get().changes == {"roll": {"warn": None}}


def test_without_scripts_the_page_does_the_same(open_page, photo):
    page = open_page(java_script_enabled=False)
    page.locator("#rule-roll > summary").click()
    page.locator('[name="roll.warn"]').fill("7")
    page.get_by_role("button", name=said("Show")).click()
    expect(page.locator("#comparison")).to_contain_text(OTHERWISE)
    expect(page.locator('[name="roll.warn"]')).to_have_value("7")
    page.get_by_label(said("Reason")).fill("Phones are held askew.")
    page.get_by_role("button", name=said("Save")).click()
    assert LimitSet.objects.get().changes == {"roll": {"warn": 7}}
