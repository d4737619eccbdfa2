"""What a reader of the stylesheets and of the templates could miss: contrast, the CSP, names of icons."""

import re
from pathlib import Path

import pytest
from django.conf import settings

from portal.templatetags.ui import icon
from tests.support import template_lines

SHEETS = sorted((Path(settings.BASE_DIR) / "static/css").glob("*.css"))
CSS = (Path(settings.BASE_DIR) / "static/css/tokens.css").read_text(encoding="utf-8")
TEMPLATES = sorted((Path(settings.BASE_DIR) / "templates").rglob("*.html"))
TOKEN = re.compile(r"--([a-z0-9-]+):\s*(#[0-9a-f]{3}(?:[0-9a-f]{3})?)\b")


def block(selector: str) -> str:
    start = CSS.index(selector + " {")
    return CSS[start : CSS.index("}", start)]


LIGHT = dict(TOKEN.findall(block(":root")))
DARK = LIGHT | dict(TOKEN.findall(block('  :root[data-theme="dark"]')))
CENTER = dict(TOKEN.findall(block('[data-room="center"]')))
THEMES = [LIGHT, DARK, LIGHT | CENTER]
TEXT = [
    *((text, ground) for text in ("text", "muted", "link") for ground in ("bg", "surface", "sunken", "hover", "sky-soft")),
    *(("heading", ground) for ground in ("bg", "surface", "sky-soft")),
    *((text, tone + "-soft") for tone in ("ok", "look", "act") for text in (tone, "text", "muted")),
    *((tone, ground) for tone in ("ok", "look", "act") for ground in ("surface", "bg")),
    ("on-primary", "primary"), ("on-primary", "primary-hover"), ("on-act", "act"),
    ("side-text", "side"), ("side-muted", "side"), ("side-text", "side-hover"), ("side-on-text", "side-on"),
    *(("on-heat-1", f"heat-{n}") for n in (1, 2, 3)), ("on-heat-2", "heat-4"), ("on-heat-3", "heat-5"),
]  # fmt: skip
EDGES = [("line-strong", "surface"), ("line-strong", "bg"), ("sky-deep", "bg"), ("sky-deep", "surface")]


def luminance(colour: str) -> float:
    digits = colour.lstrip("#")
    digits = "".join(c * 2 for c in digits) if len(digits) == 3 else digits
    parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", THEMES, ids=["light", "dark", "center"])
def test_text_has_the_contrast_of_wcag_aa(theme):
    poor = {pair: round(contrast(theme[pair[0]], theme[pair[1]]), 2) for pair in TEXT}
    assert {pair: ratio for pair, ratio in poor.items() if ratio < 4.5} == {}


@pytest.mark.parametrize("theme", THEMES[:2], ids=["light", "dark"])
def test_edges_of_controls_are_seen(theme):
    poor = {pair: round(contrast(theme[pair[0]], theme[pair[1]]), 2) for pair in EDGES}
    assert {pair: ratio for pair, ratio in poor.items() if ratio < 3} == {}


def test_the_system_and_the_switch_give_the_same_dark():
    by_system = TOKEN.findall(block('  :root:not([data-theme="light"])'))
    assert by_system == TOKEN.findall(block('  :root[data-theme="dark"]'))


def test_every_used_token_is_defined():
    styles = "".join(path.read_text(encoding="utf-8") for path in SHEETS)
    assert set(re.findall(r"var\(--([a-z0-9-]+)\)", styles)) - set(re.findall(r"--([a-z0-9-]+):", styles)) == set()


ORDER = ["tokens", "base", "parts", "public", "student", "portal", "center", "paper"]
STUDENTS = {"tokens", "base", "parts", "public", "student", "paper"}


def test_sheets_are_linked_from_the_general_to_the_special():
    """A rule wins over one of the same weight by its place: the sheets' order is part of what they say."""
    assert sorted(ORDER) == [path.stem for path in SHEETS]
    linked = {path: re.findall(r"css/([a-z]+)\.css", path.read_text(encoding="utf-8")) for path in TEMPLATES}
    for path, names in linked.items():
        assert names == sorted(names, key=ORDER.index), path.name
    assert linked[Path(settings.BASE_DIR) / "templates/base.html"] == ["tokens", "base", "parts", "public", "paper"]


@pytest.mark.parametrize("path", SHEETS, ids=lambda path: path.stem)
def test_sheets_use_nothing_that_an_older_phone_drops(path):
    """One selector that a browser does not know drops the whole rule; an unknown block drops all that is in it."""
    css = re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert re.findall(r"@(?:layer|container|scope|property)\b|light-dark\(|color-mix\(|(?:^|[;{])\s*&", css) == []
    heads = [head.strip() for head in re.findall(r"([^{};]+)\{", css)]
    mixed = [
        head for head in heads if ":has(" in head and any(":has(" not in one for one in re.split(r",(?![^(]*\))", head))
    ]
    assert mixed == []
    if path.stem in STUDENTS:
        assert re.findall(r":is\(|:where\(|[;{]\s*inset:", css) == []


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_template_holds_nothing_that_the_csp_drops(path):
    source = path.read_text(encoding="utf-8")
    assert re.findall(r"\sstyle=|<style|\son[a-z]+=\"|hx-on|javascript:", source) == []
    assert [tag for tag in re.findall(r"<script[^>]*>", source) if "src=" not in tag and "json" not in tag] == []


def test_icons_of_the_templates_exist():
    names = {name for path in TEMPLATES for name in re.findall(r'{% icon "([^"]+)"', path.read_text(encoding="utf-8"))}
    assert len(names) > 40
    for name in sorted(names):
        assert icon(name).startswith("<svg")


def test_no_template_line_is_too_long(tmp_path):
    assert list(template_lines.long_lines()) == []
    (tmp_path / "page.html").write_text("<p>short</p>\n<p>" + "长" * 140 + "</p>\n", encoding="utf-8")
    (found,) = template_lines.long_lines(tmp_path)
    assert found.startswith(f"{tmp_path.name}/page.html:2: 147 characters")
