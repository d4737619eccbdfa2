"""What the tests of the camera page do on it."""

import re
from collections.abc import Callable
from functools import cache
from typing import Any

import cv2
import numpy as np
from playwright.sync_api import Page, expect

from bench.judging.camera_hints import SIZE, made_by_light
from demo.drawn_people import Person, draw_portrait
from tests.capture.conftest import sign_in
from tests.support.words import said

PHONE = {"width": 390, "height": 844}
# A camera that shows one picture; it trembles by a pixel, so that every frame is a new one. `light(filter)` changes it,
# and `show(name)` puts another scene in its place.
CAMERA = """
navigator.mediaDevices.getUserMedia = async () => {
  const picture = new Image();
  window.show = (name) => {
    picture.src = `/scene.jpg?${name}`;
    return picture.decode();
  };
  await show("");
  const sheet = Object.assign(document.createElement("canvas"), { width: picture.width, height: picture.height });
  let shift = 0;
  const draw = () => sheet.getContext("2d").drawImage(picture, (shift += 1) % 2, 0);
  draw();
  setInterval(draw, 100);
  window.light = (filter) => { sheet.getContext("2d").filter = filter; };
  return sheet.captureStream(10);
};
"""
# A second of the countdown is over when the test says so: `second()`.
SECONDS = """
const [wait, stop, HELD] = [window.setTimeout, window.clearTimeout, -1];
let next = null;
window.setTimeout = (task, ...rest) => {
  if (task.name !== "count") return wait(task, ...rest);
  next = () => task(...rest.slice(1));
  return HELD;
};
window.clearTimeout = (id) => {
  if (id === HELD) next = null;
  else stop(id);
};
window.second = () => {
  const due = next;
  next = null;
  due();
};
window.isCounting = () => next !== null;
"""
# `filmed`: how many frames of the film before the shutter were drawn, by the page or a worker.
FILMED = """
window.filmed = 0;
const post = Worker.prototype.postMessage;
Worker.prototype.postMessage = function postMessage(message, ...given) {
  if (message.area) window.filmed += 1;
  return post.call(this, message, ...given);
};
const draw = CanvasRenderingContext2D.prototype.drawImage;
CanvasRenderingContext2D.prototype.drawImage = function drawImage(...given) {
  if (this.canvas.height === 256) window.filmed += 1;
  return draw.apply(this, given);
};
"""
# `looks`: how many pictures the face network has been given.
LOOKS = """
window.looks = 0;
const post = Worker.prototype.postMessage;
Worker.prototype.postMessage = function postMessage(...given) {
  window.looks += 1;
  return post.apply(this, given);
};
"""


@cache
def scene(name: str, seed: int = 11) -> bytes:
    """A drawn person before the camera, in good light or another."""
    make = made_by_light().get(name)
    drawn = draw_portrait(Person.random(seed), size=SIZE, violation=None if make else name)
    rgb = np.asarray(drawn)
    return cv2.imencode(".jpg", (make(rgb) if make else rgb)[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes()


def enter(page: Page, student, url: str) -> None:
    """Sign the browser in as the student, without the form."""
    cookie = sign_in(student).cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": cookie, "url": url}])


def wait_for(page: Page, found: Callable[[], Any]) -> Any:
    """The first true answer of `found`, within 15 seconds of the page's time."""
    for _ in range(300):
        if answer := found():
            return answer
        page.wait_for_timeout(50)
    raise AssertionError("It did not happen.")


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


def says(page: Page, message: str) -> None:
    """The hint shows the sentence, and perhaps another after it."""
    expect(page.get_by_role("status")).to_have_text(re.compile(re.escape(said(message))), timeout=15000)
