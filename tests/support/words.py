"""What the product says, in its own language: tests name the English message, pages and errors carry the Chinese.

The Chinese is read from the catalogue itself and not through gettext, so that a sentence that was put together in the
wrong language, or before it was translated, does not agree with itself.
"""

import re
from functools import cache
from pathlib import Path

import polib

CATALOGUE = Path(__file__).resolve().parents[2] / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd]")


@cache
def _translations() -> dict[str, str]:
    """{message or its plural: translation}; Chinese has one form for both."""
    found = {}
    for entry in polib.pofile(str(CATALOGUE)):
        text = entry.msgstr or entry.msgstr_plural.get(0, "")
        found[entry.msgid] = text
        if entry.msgid_plural:
            found[entry.msgid_plural] = text
    return found


def all_said() -> str:
    """All that the product says, a message a line, with "…" where a value stands."""
    return "\n".join(PLACEHOLDER.sub("…", text) for text in _translations().values())


def said(message: str, **values: object) -> str:
    """The Chinese of a message; values that are messages themselves are said in Chinese too.

    A message with placeholders and no `values` gives the longest piece between them. Raises KeyError for a message
    that the product does not have.
    """
    text = _translations()[message]
    if values:
        return text % {name: _translations().get(str(value), value) for name, value in values.items()}
    return max(PLACEHOLDER.split(text), key=len).replace("%%", "%")
