"""The scripts of the page parts in real Chromium, on the style guide. No server, no database."""

from pathlib import Path
from urllib.parse import urlsplit

import pytest
from csp.utils import build_policy
from django.contrib.staticfiles import finders
from django.template import Context, Template
from django.test import RequestFactory

from portal.views.style_guide import guide
from tests.journey.conftest import DESK, PHONE

ORIGIN = "https://parts.test"
HTML = "text/html; charset=utf-8"
REVIEW = """
{% load static i18n %}<!doctype html><html lang="en"><body>
<script type="module" src="{% static "js/dialogs.js" %}"></script>
<script type="module" src="{% static "js/review.js" %}"></script>
<div data-review="grid">{% for name in names %}<article data-review-item tabindex="-1">{{ name }}
  <input type="checkbox" data-pick><button type="button" data-approve id="approve-{{ name }}">A</button>
  <button type="button" data-return data-open="return" data-action="/return/{{ name }}/">R</button></article>{% endfor %}</div>
<a href="/undone/" data-undo>U</a>
<dialog id="return"><form method="post"><button type="button" data-preset="Face the window.">1</button>
  <button type="button" data-preset="Open your eyes.">2</button><textarea></textarea><button id="send">Return</button></form></dialog>
</body></html>
"""


LIST = """
{% load static %}<!doctype html><html lang="en"><body>
<script type="module" src="{% static "js/dialogs.js" %}"></script><script type="module" src="{% static "js/lists.js" %}"></script>
<form data-list data-kept="7?{{ filters }}" data-page="{{ number }}" action="/done/">
  {% for pk in rows %}<input type="checkbox" name="pick" value="{{ pk }}" data-pick>{% endfor %}
  <div data-bulk hidden>{% include "ui/picked.html" %}<button type="button" data-open="do" data-picks="[data-list]" id="ask">…</button></div>
</form>
<dialog id="do"><form action="/done/"><b data-hit></b><button id="sure">Do it</button></form></dialog>
</body></html>
"""


BESIDE = """
{% load static %}<!doctype html><html lang="en"><body>
<script type="module" src="{% static "js/lists.js" %}"></script>
<div data-list data-form="those" data-kept="7" data-page="{{ number }}">
  <form id="those" action="/done/"></form>
  {% for pk in rows %}<form action="/photos/{{ pk }}/approve/"><button class="one">One</button></form>
    <input type="checkbox" form="those" name="pick" value="{{ pk }}" data-pick>{% endfor %}
  <div data-bulk hidden>{% include "ui/picked.html" %}<button form="those" id="do" data-ends-picks>Do it</button></div>
</div>
</body></html>
"""


def static_file(path: str) -> Path:
    return Path(finders.find(path.removeprefix("/static/")))


@pytest.fixture
def show(browser):
    """`show(html, viewport)` gives a page with that HTML, the product's static files and its CSP."""
    contexts, complaints = [], []

    def answer(route, html):
        path = urlsplit(route.request.url).path
        if path.startswith("/static/"):
            route.fulfill(path=static_file(path))
        else:
            headers = {"Content-Security-Policy": build_policy()}
            route.fulfill(body=html, content_type=HTML, headers=headers)

    def make(html, viewport=DESK):
        context = browser.new_context(viewport=viewport, base_url=ORIGIN, color_scheme="light")
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
        page.route("**/*", lambda route: answer(route, html))
        page.goto("/")
        return page

    yield make
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def guide_page(rf: RequestFactory) -> str:
    return guide(rf.get("/guide/")).content.decode()


def test_theme_is_switched_and_remembered(show, guide_page):
    page = show(guide_page)
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    page.click("[data-theme-switch]")
    assert page.get_attribute("html", "data-theme") == "dark"
    assert page.evaluate(ground) != light
    assert {cookie["name"]: cookie["value"] for cookie in page.context.cookies()} == {"theme": "dark"}


def test_rows_are_picked_by_range_and_their_number_stands_in_the_dialog(show, guide_page):
    page = show(guide_page)
    boxes = page.locator("[data-pick]")
    assert page.locator("[data-bulk]").is_hidden()
    boxes.nth(1).click()
    boxes.nth(3).click(modifiers=["Shift"])
    assert [box.is_checked() for box in boxes.all()] == [False, True, True, True, False]
    assert page.locator("[data-picked]").inner_text() == "3"
    page.click("[data-bulk] [data-open]")
    assert page.locator("dialog [data-hit]").inner_text() == "3"
    assert page.evaluate("document.activeElement.closest('dialog').open")
    page.keyboard.press("Escape")
    assert page.locator("dialog[open]").count() == 0
    assert page.evaluate("document.activeElement.matches('[data-bulk] [data-open]')")
    page.locator("[data-pick-all]").click()
    assert page.locator("[data-picked]").inner_text() == "5"


def test_escape_closes_a_menu_and_its_summary_has_the_focus_again(show):
    menus = "".join(
        f'<details class="{kind}"><summary>S</summary><input></details>' for kind in ("menu", "season-switch")
    )
    page = show(f'<!doctype html><script type="module" src="/static/js/shell.js"></script>{menus}')
    for menu in page.locator("details").all():
        menu.locator("summary").click()
        menu.locator("input").focus()
        page.keyboard.press("Escape")
        assert menu.get_attribute("open") is None
        assert menu.locator("summary").evaluate("summary => summary === document.activeElement")


def test_ticks_of_other_pages_go_with_a_form_beside_the_list_but_not_what_was_done_singly(show):
    page = show("<!doctype html>")
    page.route("**/photos/**", lambda route: route.fulfill(body="<!doctype html>", content_type=HTML))

    def turn_to(number: int) -> None:
        html = Template(BESIDE).render(Context({"number": number, "rows": [10 * number + n for n in range(3)]}))
        page.unroute(f"{ORIGIN}/list/")
        page.route(f"{ORIGIN}/list/", lambda route: route.fulfill(body=html, content_type=HTML))
        page.goto("/list/")

    for number in (1, 2):
        turn_to(number)
        page.locator("[data-pick]").nth(0).click()
        page.locator("[data-pick]").nth(1).click()
    with page.expect_navigation():
        page.locator(".one").nth(0).click()  # 20
    turn_to(3)
    with page.expect_request("**/done/**") as sent:
        page.click("#do")
    assert urlsplit(sent.value.url).query == "pick=10&pick=11&pick=21"
    turn_to(1)
    assert page.locator("[data-bulk]").is_hidden()


def test_ticks_outlive_paging_until_the_filters_change_or_something_is_done(show):
    def turn_to(number: int, filters: str = "") -> None:
        context = {"number": number, "filters": filters, "rows": [10 * number + n for n in range(3)]}
        html = Template(LIST).render(Context(context))
        page.unroute(f"{ORIGIN}/list/")
        page.route(f"{ORIGIN}/list/", lambda route: route.fulfill(body=html, content_type=HTML))
        page.goto("/list/")

    def told() -> str:
        return " ".join(page.locator("[data-bulk] strong").inner_text().split())

    page = show("<!doctype html>")
    turn_to(1)
    page.locator("[data-pick]").nth(0).click()
    turn_to(2)
    assert told() == "已选 1 项"
    page.locator("[data-pick]").nth(2).click()
    assert told() == "已选 2 项，分布在 2 页"
    turn_to(1)
    assert [box.is_checked() for box in page.locator("[data-pick]").all()] == [True, False, False]
    turn_to(1, "college=Law")
    assert page.locator("[data-bulk]").is_hidden()
    turn_to(1)
    page.click("#ask")
    assert page.locator("dialog [data-hit]").inner_text() == "2"
    with page.expect_request("**/done/**") as sent:
        page.click("#sure")
    assert urlsplit(sent.value.url).query == "pick=10&pick=22"
    turn_to(1)
    assert page.locator("[data-bulk]").is_hidden()


def test_a_chosen_file_is_named(show, guide_page, tmp_path):
    page = show(guide_page)
    file = tmp_path / "名单.xlsx"
    file.write_bytes(b"x" * 3000)
    page.set_input_files("[data-drop] input", file)
    assert page.locator("[data-drop-name]").inner_text() == "名单.xlsx (3 KB)"


def test_a_filter_goes_by_itself_and_leaves_empty_fields_out(show, guide_page):
    page = show(guide_page)
    with page.expect_navigation():
        page.select_option("select[name=college]", index=1)
    assert urlsplit(page.url).query == "college=%E9%A9%AC%E5%85%8B%E6%80%9D%E4%B8%BB%E4%B9%89%E5%AD%A6%E9%99%A2"


def test_the_menu_of_a_phone_opens_and_closes_by_keyboard(show, guide_page):
    page = show(guide_page, PHONE)
    menu = page.locator("#nav")
    assert not menu.is_visible()
    page.click("[data-nav-open]")
    menu.wait_for(state="visible")
    page.keyboard.press("Escape")
    menu.wait_for(state="hidden")


def test_nothing_overflows_a_phone(show, guide_page):
    page = show(guide_page, PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]


def review_page(show):
    page = show(Template(REVIEW).render(Context({"names": ["one", "two", "three"]})))
    page.evaluate("document.addEventListener('click', (e) => { if (e.target.id) document.title = e.target.id })")
    return page, lambda: page.locator("[data-review-item][aria-current]").inner_text().split()[0]


ASKING = """
{% load static %}<!doctype html><html lang="en"><body>
<script type="module" src="{% static "js/dialogs.js" %}"></script>
<form action="/files/" data-download><button name="format" value="xlsx" data-confirm="Numbers in clear. Go on?">With numbers</button></form>
{% include "ui/ask.html" %}
</body></html>
"""


def test_a_button_that_asks_sends_after_yes_alone_and_with_its_own_value(show):
    page = show(Template(ASKING).render(Context()))
    page.click("form[data-download] button")
    assert page.locator("#ask h2").inner_text() == "With numbers"
    assert page.locator("#ask p").inner_text() == "Numbers in clear. Go on?"
    page.click("#ask [data-close]")
    page.click("form[data-download] button")
    page.keyboard.press("Escape")
    assert page.url == f"{ORIGIN}/"
    page.click("form[data-download] button")
    page.click("#ask [value=yes]")
    page.wait_for_url("**/files/?format=xlsx")


def test_review_by_keyboard(show):
    page, current = review_page(show)
    assert current() == "one"
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    assert current() == "two"
    page.keyboard.press("a")
    assert page.title() == "approve-two"
    page.keyboard.press("x")
    assert page.locator("[data-review-item][aria-current] input").is_checked()


def test_review_reasons_by_digits(show):
    page, _current = review_page(show)
    page.keyboard.press("j")
    page.keyboard.press("r")
    assert page.locator("dialog").is_visible()
    assert page.get_attribute("dialog form", "action") is not None
    for digit in "121":
        page.keyboard.press(digit)
    assert page.locator("textarea").input_value() == "Face the window. Open your eyes."
    assert page.evaluate("document.querySelector('dialog form').action") == f"{ORIGIN}/return/two/"
    assert page.evaluate("document.activeElement.id") == "send"


def test_review_keys_are_letters_while_somebody_types(show):
    page, _current = review_page(show)
    page.keyboard.press("r")
    page.locator("textarea").focus()
    page.keyboard.type("1a")
    assert page.locator("textarea").input_value() == "1a"
    assert page.title() == ""


def test_review_undo(show):
    page, _current = review_page(show)
    with page.expect_navigation():
        page.keyboard.press("u")
    assert page.url == f"{ORIGIN}/undone/"
