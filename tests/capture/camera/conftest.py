"""The camera page in real Chromium, opened by a student on a phone."""

from urllib.parse import unquote, urlsplit

import pytest
from playwright.sync_api import BrowserContext, Page, Route

from demo.drawn_people import Person, write_y4m
from tests import factories
from tests.support.camera_page import CAMERA, PHONE, enter, scene

FORBIDDEN = "navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('no', 'NotAllowedError'); };"


@pytest.fixture(scope="session", autouse=True)
def _person_before_the_camera(film):
    write_y4m(film, Person.random(11), seconds=1)


@pytest.fixture
def student(scoped, school, season, db):
    row = factories.student(school, season, name="欧阳明月")
    factories.consent(row)
    return row


@pytest.fixture
def has_network() -> bool:
    """Whether the face network arrives. A module that asks nothing of faces says no: looking for one takes the processor."""
    return True


@pytest.fixture
def open_camera(browser, live_server, student, has_network):
    """`open_camera()`: the page before the browser's camera; `open_camera("night")`: before that scene.

    `script` runs before the page's own. Not `allowed`: the phone's owner said no to the browser's camera. Without `network` the
    face network does not arrive.
    """
    contexts: list[BrowserContext] = []

    def opened(
        name: str = "", script: str = "", *, allowed: bool = True, network: bool = has_network, **options
    ) -> Page:
        context = browser.new_context(
            base_url=live_server.url, viewport=PHONE, locale="zh-CN", has_touch=True, **options
        )
        contexts.append(context)
        context.grant_permissions(["camera", "accelerometer", "gyroscope"], origin=live_server.url)
        if name:
            context.route("**/scene.jpg?*", lambda route: show(route, name))
        if not network:
            context.route("**/blazeface.bin", lambda route: route.fulfill(status=404))
        context.add_init_script((CAMERA if name else "" if allowed else FORBIDDEN) + script)
        page = context.new_page()
        enter(page, student, live_server.url)
        page.goto("/me/camera/")
        return page

    yield opened
    for context in contexts:
        context.close()


def show(route: Route, first: str) -> None:
    asked = unquote(urlsplit(route.request.url).query)
    route.fulfill(body=scene(asked or first), content_type="image/jpeg")
