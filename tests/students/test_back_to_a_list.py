"""Back in the browser, after a filter that htmx applied."""

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, expect

from tests import factories
from tests.conftest import client_of
from tests.support.served_pages import serving


@pytest.mark.django_db
def test_back_after_a_filter_shows_the_whole_page_as_it_was(school, season, owner, browser: Browser):
    for name in ("会计2301班", "软件2301班"):
        factories.student(school, season, class_name=name)
    with serving(client_of(owner)) as pages, browser.new_context() as context:
        page = context.new_page()
        pages.turn_to(reverse("students:roster"))
        page.goto(pages.address)
        page.select_option("[name=class_name]", "软件2301班")
        expect(page.locator("tbody tr")).to_have_count(1)
        page.go_back()
        expect(page.locator("tbody tr")).to_have_count(2)
        expect(page.locator("h1")).to_have_count(1)
        expect(page.locator("[name=class_name]")).to_have_value("")
