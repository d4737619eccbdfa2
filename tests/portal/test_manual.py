"""The manuals that the portals show: whole, with their pictures, and reached from the pages that they explain."""

import re

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.urls import reverse

from portal.pages import manual, navigation
from tests.support.addresses import dated
from tests.support.words import all_said

PICTURE = re.compile(r"!\[[^\]]+\]\(\.\./static/([\w./-]+)\)")


@pytest.mark.parametrize("name", manual.FILES)
def test_a_manual_names_pages_and_pictures_that_exist(name):
    chapters = manual.chapters(name)
    assert len(chapters) > 5
    for chapter in chapters:
        for page in chapter.pages:
            assert reverse(page)
    text = (settings.BASE_DIR / "docs" / manual.FILES[name]).read_text()
    assert [path for path in PICTURE.findall(text) if not finders.find(path)] == []


# Words of other people's files, not of our pages.
FOREIGN = {"公民身份号码", "院（系）", "班号", "财务处"}
QUOTE = re.compile(r"“([^”\n]+)”")


@pytest.mark.parametrize("name", manual.FILES)
def test_a_manual_quotes_the_words_that_the_pages_have(name):
    text = (settings.BASE_DIR / "docs" / manual.FILES[name]).read_text()
    known = all_said() + "".join(re.findall(r"^#+ .*$", text, re.MULTILINE))
    parts = {part for quote in QUOTE.findall(text) for part in re.split(" → |、", quote)} - FOREIGN
    unknown = [part for part in parts if part.partition("（")[0].replace(" n ", " … ") not in known]
    assert sorted(unknown) == []


@pytest.mark.parametrize(("portal", "names"), [("center", ("center", "finance")), ("school", ("school",))])
def test_every_page_of_the_menu_has_its_chapter(portal, names):
    explained = {page for name in names for chapter in manual.chapters(name) for page in chapter.pages}
    assert {entry.name for entry in navigation.entries(portal)} - explained == set()


def test_the_page_shows_chapters_and_pictures(owner_client):
    page = owner_client.get(reverse("portal:manual", args=["school"])).content.decode()
    assert 'id="chapter-2"' in page
    assert 'href="#chapter-2"' in page
    assert re.search(r'<img src="/static/manual/[\w.-]+\.webp" alt="[^"]+" loading="lazy">', page)
    assert "&lt;!--" not in page


def test_a_school_reads_its_own_manual_only(owner_client, center_client):
    for name, status in (("school", 200), ("center", 404), ("finance", 404), ("none", 404)):
        assert owner_client.get(reverse("portal:manual", args=[name])).status_code == status
    assert center_client.get(reverse("portal:manual", args=["finance"])).status_code == 200


def test_a_page_leads_to_the_chapter_about_it(owner_client, center_client, season):
    chapter = next(one for one in manual.chapters("school") if "capture:review" in one.pages)
    link = f'{reverse("portal:manual", args=["school"])}#{chapter.anchor}"'
    assert link in owner_client.get(dated("/school/review/")).content.decode()
    chapter = next(one for one in manual.chapters("center") if "capture:photo_rules" in one.pages)
    assert f"#{chapter.anchor}" in center_client.get(dated("/center/judging/")).content.decode()
