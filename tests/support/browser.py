"""Debian's Chromium, for the tests that look at pages: without windows if it is there, because that takes a quarter of the
processor time for each page (measured: 0.2 s instead of 0.9).
"""

import os
import shutil

from playwright.sync_api import Browser, Playwright

from launch.install import BROWSERS

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",  # without windows nobody could be asked for the camera
)


def launch(playwright: Playwright, *flags: str) -> Browser:
    """It ends with `playwright`."""
    # The loop stays in this thread; the ORM is called between its steps, never inside one.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)))
    return playwright.chromium.launch(executable_path=path, args=[*FLAGS, *flags])
