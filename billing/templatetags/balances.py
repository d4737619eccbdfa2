"""How the books show amounts and balances."""

from urllib.parse import urlencode

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from billing.books import day_book
from portal.formatting import yuan

register = template.Library()


@register.filter
def balance(fen: int) -> SafeString:
    """A balance without a sign: what is due, or what was paid too much and says so."""
    if fen >= 0:
        return format_html("{}", yuan(fen))
    return format_html('{} <span class="muted small">{}</span>', yuan(-fen), _("overpaid"))


@register.filter
def amount(fen: int) -> str:
    """An amount of a column; nothing for zero."""
    return yuan(fen) if fen else ""


@register.filter
def provider_title(provider: str) -> str:
    """How people call a way of payment; "" is the bank."""
    return day_book.provider_title(provider)


@register.simple_tag
def day_query(listed: day_book.DayBook, line: day_book.Line) -> str:
    """The query string that shows the entries of this day of a day book."""
    day = str(line.group["day"])
    same = {name: value for name, value in listed.chosen.items() if name != "by"}
    return urlencode(same | {"from": day, "to": day})
