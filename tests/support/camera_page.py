"""What the tests of the camera page do on it."""

from playwright.sync_api import Page, expect

from tests.capture.conftest import sign_in
from tests.support.words import said

PHONE = {"width": 390, "height": 844}


def enter(page: Page, student, url: str) -> None:
    """Sign the browser in as the student, without the form."""
    cookie = sign_in(student).cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": cookie, "url": url}])


def form(page: Page):
    return page.locator("#camera")


def take(page: Page) -> None:
    """Wait for the live picture and press the shutter, in spite of a hint."""
    expect(form(page)).to_have_attribute("data-mode", "live", timeout=15000)
    press_through(page)
    expect(form(page)).to_have_attribute("data-mode", "frozen")


def press_through(page: Page) -> None:
    """Press the shutter, twice if it warns."""
    shutter = page.get_by_role("button", name=said("Take the photo"))
    shutter.click()
    if form(page).get_attribute("data-asking") is not None:
        shutter.click()


def press_send(page: Page) -> None:
    page.get_by_role("button", name=said("Send this photo")).click()
