"""Text that people of the staff write with headings, lists and tables: Markdown without HTML.

Only the constructs of KNOWN are read, so that nothing but their tags comes out; everything else, HTML too, is
shown as it was typed. A link leads to a page of the web or to an address of mail, never to a script.
"""

from collections.abc import Sequence
from typing import Any

from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token

from portal.errors import PortalError

KNOWN = ("heading", "list", "table", "blockquote", "hr", "emphasis", "link", "newline", "escape")
TAGS = frozenset(
    {"h2", "h3", "h4", "p", "ul", "ol", "li", "table", "thead", "tbody", "tr", "th", "td", "blockquote", "hr"}
    | {"em", "strong", "a", "br", "div"}
)
LONGEST_PARAGRAPH = 4000  # characters: what it costs to read one grows with the square
MOST_TOKENS = 20_000  # of a text; a cell of a table has three
SCHEMES = ("https://", "http://", "mailto:")


class Renderer(RendererHTML):
    """Below the heading of a page; a wide table scrolls by itself."""

    def heading_open(self, tokens: Sequence[Token], at: int, options: Any, env: Any) -> str:
        return f"<{_heading(tokens[at].tag)}>"

    def heading_close(self, tokens: Sequence[Token], at: int, options: Any, env: Any) -> str:
        return f"</{_heading(tokens[at].tag)}>\n"

    def table_open(self, tokens: Sequence[Token], at: int, options: Any, env: Any) -> str:
        return '<div class="table-scroll"><table>\n'

    def table_close(self, tokens: Sequence[Token], at: int, options: Any, env: Any) -> str:
        return "</table></div>\n"


def _heading(tag: str) -> str:
    return f"h{min(int(tag[1]) + 1, 4)}"


def _aligned(tokens: Sequence[Token]) -> None:
    """An alignment is an inline style in Markdown, which the pages do not allow: a class instead."""
    for token in tokens:
        if token.attrs.pop("style", "") == "text-align:right":
            token.attrs["class"] = "num"


class _Parser(MarkdownIt):
    def validateLink(self, url: str) -> bool:
        return url.lower().startswith(SCHEMES)


_PARSER = _Parser("zero", {"html": False, "breaks": True}, renderer_cls=Renderer).enable(list(KNOWN))


def check(text: str) -> None:
    """Raise PortalError for a text that takes seconds to show, to every reader anew. For the form that takes it in."""
    tokens = _PARSER.parse(text)
    if len(tokens) > MOST_TOKENS or any(len(token.content) > LONGEST_PARAGRAPH for token in tokens):
        raise PortalError(
            _(
                "This text takes too long to show: it has a paragraph of more than %(n)d characters, or a very large table."
            )
            % {"n": LONGEST_PARAGRAPH}
        )


def render(text: str) -> SafeString:
    """The HTML of a text."""
    tokens = _PARSER.parse(text)
    _aligned(tokens)
    return mark_safe(_PARSER.renderer.render(tokens, _PARSER.options, {}))
