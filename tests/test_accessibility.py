"""axe finds nothing of any level on any page of the three portals, staff's on a computer and students' on a phone;
and none is wider than its window on either, nor on a small computer.

What the rows hold is made up; `tests.test_outsider` finds the pages and the objects in their addresses.
"""

from pathlib import Path
from typing import Any

import axe_playwright_python
import pytest
from django.test import Client
from playwright.sync_api import Browser
from playwright.sync_api import Error as BrowserError
from playwright.sync_api import Page as Tab

from portal.models import Role
from students.models import Student
from tests import factories
from tests.capture.conftest import sign_in
from tests.conftest import client_of
from tests.support.served_pages import serving
from tests.test_outsider import PAGES, url_of
from tests.test_permission_matrix import readable

AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js")
# The menu is the same on every page of a portal, and its contrast a quarter of the work: once seen, that rule leaves it out.
RUN = """async (isMenuSeen) => {
  for (const moving of document.getAnimations()) if (moving instanceof CSSTransition) moving.finish();  // resized just now
  const options = { resultTypes: ["violations"] };
  const runs = isMenuSeen
    ? [[document, { rules: { "color-contrast": { enabled: false } } }], [{ exclude: [["#nav"]] }, { runOnly: ["color-contrast"] }]]
    : [[document, {}]];
  const found = [];
  for (const [where, only] of runs) found.push(...(await axe.run(where, { ...options, ...only })).violations);
  return found.map(({ id, nodes }) => `${id} ${nodes[0].target} ${nodes[0].failureSummary}`);
}"""
WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
COMPUTER, SMALL, PHONE = {"width": 1440, "height": 900}, {"width": 1024, "height": 768}, {"width": 390, "height": 844}
NO_PAGES = ("account_", "mfa_")  # of the packages; their forms are drawn by the same parts


def arrive(tab: Tab, address: str) -> None:
    """Go there; once more if the page before went on by itself in the same moment."""
    try:
        tab.goto(address)
    except BrowserError:
        tab.goto(address)


def visitor(portal: str, world: dict[type, Any], owner: Any) -> Client:
    if portal == "student":
        return sign_in(world[Student])
    return (
        client_of(owner if portal == "school" else factories.person("center", Role.CENTER_ADMIN))
        if portal
        else Client()
    )


@pytest.mark.django_db
@pytest.mark.parametrize("portal", ["center", "school", "student", ""])
def test_axe_finds_nothing_on_any_page(portal, school, season, owner, browser: Browser):
    world = readable(school, season)
    client = visitor(portal, world, owner)
    sizes = [COMPUTER, SMALL, PHONE] if portal in ("center", "school") else [PHONE, SMALL, COMPUTER]
    found, looked, own, is_menu_seen = [], 0, sizes[0], False
    with (
        serving(client, axe=AXE) as pages,
        browser.new_context(locale="zh-CN", viewport=sizes[0], reduced_motion="reduce") as context,
    ):
        tab = context.new_page()
        for page in PAGES:
            if page.portal not in (portal, *(["staff"] if portal == "center" else [])) or page.is_operators:
                continue
            if page.name.startswith(NO_PAGES):
                continue
            if not pages.turn_to(url_of(page, world)).is_whole_page:
                continue
            looked += 1
            arrive(tab, pages.address)
            tab.add_script_tag(url="/static/axe")  # from the browser's cache, compiled
            for size in sizes:
                if size != tab.viewport_size:
                    tab.set_viewport_size(size)
                if size == own:
                    found += [f"{page.name}: {line}" for line in tab.evaluate(RUN, is_menu_seen)]
                    is_menu_seen = is_menu_seen or tab.locator("#nav").count() > 0
                if wider := tab.evaluate(WIDER):
                    found.append(f"{page.name}: {wider} px wider than a window of {size['width']}")
            sizes.reverse()  # the next page comes as wide as this one is left
    assert looked > 1
    assert not found, "\n".join(found)
