"""Markdown of the staff becomes headings, lists, tables and links; nothing else comes out."""

from html.parser import HTMLParser

import pytest

from portal.errors import PortalError
from portal.pages import marked_text
from portal.pages.marked_text import TAGS, render


class Tags(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def test_headings_lists_and_tables():
    html = render("# A\n\n- x\n\n1. y\n\n| a | b |\n|---|--:|\n| 1 | 2 |\n\n**b** *c* [d](https://example.org/)")
    assert "<h2>A</h2>" in html
    assert "<li>x</li>" in html
    assert "<ol>" in html
    assert '<td class="num">2</td>' in html
    assert '<a href="https://example.org/">d</a>' in html
    assert {tag for tag, _attrs in Tags(html).found} <= TAGS


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](data:text/html,<script>)",
        "[x](vbscript:x)",
        "![x](https://example.org/a.png)",
        '[x](https://example.org/"onclick="alert(1))',
        '[x](https://example.org/ "t\\" onclick=\\"y")',
        "| <b onclick=x> |\n|---|\n| <style> |",
        "| a |\n|:-:|\n| b |",
        "`<b>`\n\n```\n<i>\n```\n\n    <u>",
        "# <svg/onload=alert(1)>",
        "<https://example.org>",
        "&lt;script&gt; &#60;script&#62;",
    ],
    ids=range(15),
)
def test_nothing_but_known_tags_and_links_comes_out(text):
    for tag, attrs in Tags(render(text)).found:
        assert tag in TAGS
        assert set(attrs) <= {"href", "title", "class"}
        assert (attrs.get("href") or "https://").startswith(("https://", "http://", "mailto:"))


@pytest.mark.parametrize("text", ["[" * 4001, "|a" * 900 + "\n" + "|-" * 900 + "\n" + "|a|\n" * 10])
def test_a_text_that_takes_seconds_to_show_is_not_taken(text):
    with pytest.raises(PortalError):
        marked_text.check(text)


def test_a_long_notice_is_taken():
    marked_text.check("\n\n".join(["各校：请按时完成采集。" * 100] * 25))
