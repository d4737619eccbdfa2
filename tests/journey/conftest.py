"""Real Chromium on the product's own processes: web server, worker, PostgreSQL, Redis."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import global_settings
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage

from demo import drawn_people
from tests.support.browser import launch
from tests.support.stack import Stack, running

ROOT = Path(__file__).resolve().parent.parent.parent
PICTURES = ROOT / "var" / "screenshots"
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1440, "height": 900}
PERSON = drawn_people.Person.random(11)


@pytest.fixture(autouse=True)
def _passwords_of_the_product(settings):
    """The web server must accept the passwords that the test writes, so no cheap hashes."""
    settings.PASSWORD_HASHERS = global_settings.PASSWORD_HASHERS


@pytest.fixture
def stack(transactional_db, tmp_path) -> Iterator[Stack]:
    with running(tmp_path / "logs") as processes:
        processes.worker()
        processes.web()
        yield processes


@pytest.fixture(scope="session")
def browser(playwright, tmp_path_factory) -> Browser:
    """Chromium whose camera shows a drawn person and may be used without a prompt."""
    feed = drawn_people.write_y4m(tmp_path_factory.mktemp("feed") / "camera.y4m", PERSON, size=(1920, 1440), seconds=1)
    return launch(playwright, f"--use-file-for-fake-video-capture={feed}")


def is_console_error(line: ConsoleMessage) -> bool:
    """A console error that is not about a failed response; those are collected by themselves."""
    return line.type == "error" and not line.text.startswith(("Failed to load", "Response Status"))


@pytest.fixture
def person(browser, stack) -> Iterator:
    """Make a person with a browser of their own.

    `person(PHONE)` gives a page. Console errors fail the test.
    """
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def make(viewport: dict[str, int]):
        context = browser.new_context(
            base_url=stack.url, viewport=viewport, locale="zh-CN", has_touch=viewport is PHONE, reduced_motion="reduce"
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda line: complaints.append(line.text) if is_console_error(line) else None)
        page.on(
            "response",
            lambda answer: complaints.append(f"{answer.status} {answer.url}") if answer.status >= 400 else None,
        )
        return page

    yield make
    for context in contexts:
        context.close()
    assert sorted(set(complaints)) == []
