"""The pictures of the manuals, taken anew from the demo: drawn people only.

    PORT=8000 make run        in one window, then
    make pictures PORT=8000   in another one

Each is one page of the fresh demo season as a person of it sees the page, in Chinese and the light theme.
"""

import io
import os
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from tests.support.browser import launch

FOLDER = Path(__file__).resolve().parents[2] / "static" / "manual"
SIZE = {"width": 1200, "height": 720}
QUALITY = 72
# (person of the demo, address, name of the picture)
PICTURES = (
    ("center", "/center/", "center-dashboard"),
    ("center", "/center/judging/", "center-judging"),
    ("center", "/center/feedback/", "center-feedback"),
    ("school", "/school/", "school-home"),
    ("school", "/school/roster/", "school-roster"),
    ("school", "/school/review/", "school-review"),
    ("school3", "/school/proofs/", "school-proofs"),
    ("school4", "/school/feedback/", "school-feedback"),
    ("school", "/school/fees/", "school-fees"),
    ("school5", "/school/prints/", "school-prints"),
)


def take(browser: Browser, base: str) -> None:
    for person in dict.fromkeys(person for person, _address, _name in PICTURES):
        context = browser.new_context(base_url=base, viewport=SIZE, locale="zh-CN", color_scheme="light")
        page = context.new_page()
        page.goto("/accounts/login/")
        page.fill("[name=login]", person)
        page.fill("[name=password]", "tucai-demo")
        page.keyboard.press("Enter")
        page.wait_for_url(lambda address: "/login/" not in address)
        for address, name in ((address, name) for who, address, name in PICTURES if who == person):
            page.goto(address)
            page.wait_for_load_state("networkidle")
            picture = Image.open(io.BytesIO(page.screenshot()))
            picture.convert("RGB").save(FOLDER / f"{name}.webp", quality=QUALITY, method=6)
            print(f"{name}.webp", (FOLDER / f"{name}.webp").stat().st_size)
        context.close()


def main() -> int:
    FOLDER.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = launch(playwright)
        take(browser, f"http://localhost:{os.environ.get('PORT', '8000')}")
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
