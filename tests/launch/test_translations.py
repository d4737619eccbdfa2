"""Simplified Chinese is complete: whatever the source asks to be translated has a translation that fits."""

import io
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import polib
import pytest
from babel.messages.extract import extract_python
from django.conf import settings
from django.utils.translation.template import templatize

from launch.translations import compile_catalogue

ROOT = Path(__file__).resolve().parents[2]
CATALOGUE = ROOT / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"
ROOMS = (
    "config",
    "portal",
    "schools",
    "students",
    "vision",
    "capture",
    "billing",
    "proofing",
    "printing",
    "year_end",
    "demo",
)
KEYWORDS = ("_", "gettext", "gettext_lazy", "gettext_noop", "ngettext", "ngettext_lazy")
PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]|%[sd]|\{(\w*)\}")


def sources() -> Iterator[tuple[Path, str]]:
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            yield path, path.read_text()
    for path in sorted((ROOT / "templates").rglob("*.*")):
        # What templatize leaves is no Python: its indentation means nothing and would stop the tokenizer.
        yield path, "\n".join(line.lstrip() for line in templatize(path.read_text(), origin=str(path)).splitlines())


def asked_for() -> dict[str, str]:
    """Every message of the source, and the file that asks for it first."""
    found: dict[str, str] = {}
    for path, code in sources():
        for _line, _function, message, _comments in extract_python(io.BytesIO(code.encode()), KEYWORDS, [], {}):
            singular = message[0] if isinstance(message, tuple) else message
            if singular:
                found.setdefault(singular, str(path.relative_to(ROOT)))
    return found


def translations(entry: polib.POEntry) -> list[str]:
    return list(entry.msgstr_plural.values()) or [entry.msgstr]


@pytest.fixture(scope="module")
def catalogue() -> polib.POFile:
    return polib.pofile(str(CATALOGUE))


def test_every_message_is_translated(catalogue):
    done = {entry.msgid for entry in catalogue if all(translations(entry)) and not entry.fuzzy}
    ours = {message: file for message, file in asked_for().items() if message not in done}
    assert {message: file for message, file in ours.items() if message not in django_translates()} == {}


def test_no_message_is_translated_twice(catalogue):
    """The last one would hold, and whoever mends the first would see nothing change."""
    found = Counter((entry.msgctxt, entry.msgid) for entry in catalogue)
    assert [message for message, number in found.items() if number > 1] == []


def django_translates() -> set[str]:
    """What Django's own catalogue of this language knows, `Yes` and `No` among it."""
    import django

    path = Path(django.__file__).parent / "conf" / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"
    return {entry.msgid for entry in polib.pofile(str(path)) if entry.translated()}


def test_every_translation_keeps_its_placeholders(catalogue):
    wrong = [
        (entry.msgid, text)
        for entry in catalogue
        for text in translations(entry)
        if not placeholders(text) <= placeholders(entry.msgid) | placeholders(entry.msgid_plural)
    ]
    assert wrong == []


def placeholders(text: str) -> set[str]:
    return {match.group(0) for match in PLACEHOLDER.finditer(text)}


def test_catalogue_compiles_only_when_it_changed(tmp_path):
    source = tmp_path / "django.po"
    source.write_text('msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\nmsgid "Photo"\nmsgstr "照片"\n')
    assert compile_catalogue(source)
    assert polib.mofile(str(tmp_path / "django.mo")).find("Photo").msgstr == "照片"
    assert not compile_catalogue(source)


def test_chinese_is_the_default_language():
    from config import settings as written

    assert written.LANGUAGE_CODE == "zh-hans"
    assert [code for code, _name in settings.LANGUAGES] == ["zh-hans", "en"]
