"""The manuals of the staff: Markdown in docs/, which the portals show with their pictures.

A heading of the second level begins a chapter. A comment below it names the pages that the chapter explains, by their URL names:

    ## 5. 审核
    <!-- capture:review capture:exemptions -->

A manual is a file of this repository, not what somebody typed: pictures and links to the other manuals are read too.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.conf import settings
from django.templatetags.static import static
from django.urls import reverse
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _
from markdown_it import MarkdownIt
from markdown_it.token import Token

from portal.pages import marked_text

FILES = {"center": "center.zh-CN.md", "school": "clerks.zh-CN.md", "finance": "accountant.zh-CN.md"}
TITLES = {
    "center": _("Manual for the center"),
    "school": _("Manual for schools"),
    "finance": _("Manual for the center's finance"),
}
COMMENT = re.compile(r"^<!-- (.*) -->\n", re.MULTILINE)
PICTURES = "../static/"


@dataclass(frozen=True)
class Chapter:
    """`pages`: the URL names of the pages that it explains."""

    number: int
    title: str
    pages: tuple[str, ...]

    @property
    def anchor(self) -> str:
        return f"chapter-{self.number}"


@dataclass(frozen=True)
class Manual:
    name: str
    title: Any
    chapters: tuple[Chapter, ...]
    html: SafeString


class _Renderer(marked_text.Renderer):
    """Chapters have ids; pictures come from static/; a line that goes on is no new line."""

    def heading_open(self, tokens: Sequence[Token], at: int, options: Any, env: Any) -> str:
        if tokens[at].tag != "h2":
            return super().heading_open(tokens, at, options, env)
        env["chapter"] = env.get("chapter", 0) + 1
        return f'<h3 id="chapter-{env["chapter"]}">'

    def image(self, tokens: Sequence[Token], at: int, options: Any, env: Any) -> str:
        source = static(str(tokens[at].attrs["src"]).removeprefix(PICTURES))
        return f'<img src="{escape(source)}" alt="{escape(tokens[at].content)}" loading="lazy">'

    def link_open(self, tokens: Sequence[Token], at: int, options: Any, env: Any) -> str:
        target = str(tokens[at].attrs["href"])
        manual = next((name for name, file in FILES.items() if target == file), None)
        if manual:
            tokens[at].attrs["href"] = reverse("portal:manual", args=[manual])
            return super().renderToken(tokens, at, options, env)
        return "<span>"

    def link_close(self, tokens: Sequence[Token], at: int, options: Any, env: Any) -> str:
        opened = next(token for token in reversed(tokens[:at]) if token.type == "link_open")
        return "</a>" if str(opened.attrs["href"]).startswith("/") else "</span>"

    def softbreak(self, tokens: Sequence[Token], at: int, options: Any, env: Any) -> str:
        return ""


_PARSER = MarkdownIt("zero", {"html": False}, renderer_cls=_Renderer).enable([*marked_text.KNOWN, "image", "backticks"])


def _text(name: str) -> str:
    return (settings.BASE_DIR / "docs" / FILES[name]).read_text()


@cache
def chapters(name: str) -> tuple[Chapter, ...]:
    found: list[Chapter] = []
    for part in re.split(r"^## ", _text(name), flags=re.MULTILINE)[1:]:
        title, _newline, rest = part.partition("\n")
        comment = COMMENT.match(rest)
        found.append(Chapter(len(found) + 1, title, tuple(comment[1].split()) if comment else ()))
    return tuple(found)


@cache
def read(name: str) -> Manual:
    """Raises KeyError when there is no such manual."""
    _title, _newline, text = COMMENT.sub("", _text(name)).partition("\n")
    return Manual(name, TITLES[name], chapters(name), mark_safe(_PARSER.render(text)))


def readable(*, is_center: bool) -> tuple[str, ...]:
    """The manuals that people of a portal may read: a school need not know how the center checks its payments."""
    return ("center", "finance", "school") if is_center else ("school",)


def explains(path: str, *, is_center: bool) -> str:
    """The address of the chapter about the page at `path`; of the whole manual when none names it."""
    found: list[tuple[int, str, Chapter]] = [
        (len(address), name, chapter)
        for name in (("center", "finance") if is_center else ("school",))
        for chapter in chapters(name)
        for page in chapter.pages
        if path.startswith(address := reverse(page))
    ]
    if not found:
        return reverse("portal:manual", args=[readable(is_center=is_center)[0]])
    _length, name, chapter = max(found, key=lambda row: row[0])
    return f"{reverse('portal:manual', args=[name])}#{chapter.anchor}"
