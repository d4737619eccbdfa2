"""Setting a second factor up and signing in with it, in real Chromium: an app, and a passkey of a virtual device."""

import time

import pytest
from allauth.mfa.totp.internal import auth as totp
from playwright.sync_api import Page, expect

from tests.support.words import said

PASSWORD = "a-long-password"
HOME = "**/school/*/"
CODES = "**/accounts/2fa/recovery-codes/"


@pytest.fixture
def page(browser, live_server, owner) -> Page:
    context = browser.new_context(base_url=live_server.url, locale="zh-CN")
    yield context.new_page()
    context.close()


def sign_in(page: Page) -> None:
    page.goto("/accounts/login/")
    page.fill("[name=login]", "owner")
    page.fill("[name=password]", PASSWORD)
    page.keyboard.press("Enter")


def code_of(secret: str, *, periods: int = 0) -> str:
    """What the app shows; so many periods of 30 seconds later."""
    return totp.format_hotp_value(totp.hotp_value(secret, int(time.time()) // 30 + periods))


def sign_out(page: Page) -> None:
    page.locator("form[action='/accounts/logout/'] button").click()
    page.wait_for_url("**/")


def open_with_password(page: Page, name: str) -> None:
    """From the first page, by the page that lists the factors, its button and the password."""
    page.wait_for_url(HOME)
    page.goto("/accounts/2fa/")
    page.get_by_role("link", name=said(name)).click()
    page.fill("[name=password]", PASSWORD)
    page.keyboard.press("Enter")


def test_an_app_is_set_up_and_its_code_signs_in(page):
    sign_in(page)
    open_with_password(page, "Set up the app")
    secret = page.input_value("#authenticator_secret")
    page.fill("[name=code]", code_of(secret))
    page.keyboard.press("Enter")
    page.wait_for_url(CODES)
    assert len(page.inner_text("#recovery_codes").split()) == 10
    sign_out(page)
    sign_in(page)
    page.fill("[name=code]", code_of(secret, periods=1))
    page.keyboard.press("Enter")
    page.wait_for_url(HOME)


def test_a_passkey_is_added_and_signs_in_and_a_refusal_is_explained(page):
    device = page.context.new_cdp_session(page)
    device.send("WebAuthn.enable")
    kind = {"protocol": "ctap2", "transport": "internal", "hasUserVerification": True, "isUserVerified": True}
    key = device.send("WebAuthn.addVirtualAuthenticator", {"options": kind})["authenticatorId"]
    sign_in(page)
    open_with_password(page, "Add a passkey")
    page.click("#mfa_webauthn_add")
    page.wait_for_url(CODES)
    sign_out(page)
    sign_in(page)
    device.send("WebAuthn.setUserVerified", {"authenticatorId": key, "isUserVerified": True})
    page.click("#mfa_webauthn_authenticate")
    page.wait_for_url(HOME)
    sign_out(page)
    device.send("WebAuthn.clearCredentials", {"authenticatorId": key})
    sign_in(page)
    page.click("#mfa_webauthn_authenticate")
    expect(page.locator("#toasts")).to_contain_text(said("The device gave no passkey. Try again, or use a code."))
