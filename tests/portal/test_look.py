"""What a reader of the stylesheets and of the templates could miss: contrast, the CSP, names of icons."""

import re
from pathlib import Path

import pytest
from django.conf import settings

from portal.templatetags.ui import icon
from tests.support import oldest_browsers, template_lines

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


ORDER = ["tokens", "base", "parts", "public", "student", "portal", "center", "paper", "no_scripts"]


def test_sheets_are_linked_from_the_general_to_the_special():
    """A rule wins over one of the same weight by its place: the sheets' order is part of what they say."""
    assert sorted(ORDER) == sorted(path.stem for path in SHEETS)
    linked = {path: re.findall(r"css/([a-z_]+)\.css", path.read_text(encoding="utf-8")) for path in TEMPLATES}
    for path, names in linked.items():
        assert names == sorted(names, key=ORDER.index), path.name
    assert linked[Path(settings.BASE_DIR) / "templates/base.html"] == [
        "tokens",
        "base",
        "parts",
        "public",
        "paper",
        "no_scripts",
    ]


@pytest.mark.parametrize("path", SHEETS, ids=lambda path: path.stem)
def test_no_rule_is_lost_for_one_of_its_selectors(path):
    """One selector that a browser does not know drops the whole rule."""
    css = re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    heads = [head.strip() for head in re.findall(r"([^{};]+)\{", css)]
    mixed = [
        head for head in heads if ":has(" in head and any(":has(" not in one for one in re.split(r",(?![^(]*\))", head))
    ]
    assert mixed == []


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_template_holds_nothing_that_the_csp_drops(path):
    source = path.read_text(encoding="utf-8")
    assert re.findall(r"\sstyle=|<style|\son[a-z]+=\"|hx-on|javascript:", source) == []
    assert [tag for tag in re.findall(r"<script[^>]*>", source) if "src=" not in tag and "json" not in tag] == []


def test_a_form_that_filters_shows_after_back_what_is_applied():
    """Else the browser puts the choice of the page that one left into the list that one is back at."""
    forms = [
        form
        for path in TEMPLATES
        for form in re.findall(r"<form\b[^>]*\sdata-auto\b[^>]*>", path.read_text(encoding="utf-8"))
    ]
    assert len(forms) > 3  # that of {% toolbar %} is one
    assert [form for form in forms if 'autocomplete="off"' not in form] == []


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


def test_stylesheets_and_scripts_suit_the_oldest_browsers():
    assert list(oldest_browsers.found()) == []


@pytest.mark.parametrize(
    ("name", "source", "newer"),
    [
        ("css/student.css", "a:has(b) { color: red; }", ":has"),
        ("css/student.css", "a { width: 1cqw; }", "cqw"),
        ("css/student.css", "a { color: oklch(1 1 1); }", "oklch()"),
        ("css/student.css", "a { b { color: red; } }", "&"),
        ("css/student.css", "@layer x { a { color: red; } }", "@layer"),
        ("css/student.css", "a { overflow: clip; }", "overflow: clip"),
        ("css/student.css", "a { overflow: hidden; overflow: clip; }", ""),
        ("css/student.css", "@supports (width: 1cqw) { a { width: 1cqw; } }", ""),
        ("css/student.css", "@supports not (width: 1cqw) { a { width: 1cqw; } }", "cqw"),
        ("css/student.css", "/* newer: else it is grey */\na:has(b) { color: red; }", ""),
        ("css/student.css", "/* newer: too far away */\n\na:has(b) { color: red; }", ":has"),
        ("js/student.js", "points.at(-1);", ".at()"),
        ("js/review.js", "points.at(-1);", ""),
        ("js/review.js", "points.findLast(one);", ".findLast()"),
        ("js/review.js", "points.findLast?.(one);", ""),
        ("js/review.js", "const at = point.at; at(1);", ""),
        ("js/review.js", "structuredClone(a);", "structuredClone()"),
        ("js/review.js", "import { structuredClone } from './a.js'; structuredClone(a);", ""),
        ("js/review.js", "if (typeof structuredClone === 'function') structuredClone(a);", ""),
        ("js/review.js", "if ('groupBy' in Object) Object.groupBy(a, b);", ""),
        ("js/review.js", "class A { static { A.b = 1; } }", "class static block"),
        ("js/student.js", "class A { has(a) { return #b in a; } }", "#private in"),
        ("js/review.js", "await a();", ""),
        ("js/student.js", "await a();", "await of a module"),
        ("js/student.js", "async function b() { await a(); }", ""),
        ("js/review.js", "/(?<=a)b/.test(c);", "(?<= (?<!"),
        ("js/review.js", "new Worker('a.js', { type: \"module\" });", "worker module"),
    ],
)
def test_what_an_old_browser_does_not_know_is_found(name, source, newer):
    found = [line.split(": ", 1)[1].removesuffix(")") for line in oldest_browsers.newer(name, source.encode())]
    assert [line.split(" is known since ")[0] for line in found] == ([newer] if newer else [])


def test_code_that_cannot_be_parsed_is_told():
    assert list(oldest_browsers.newer("js/review.js", b"const a = ;")) == ["js/review.js:1: cannot be parsed"]


def test_every_listed_feature_is_newer_than_some_browser():
    everyone = oldest_browsers.browsers_of("js/student.js")
    for kind in oldest_browsers.FEATURES.values():
        for name, versions in kind.items():
            assert any(first > oldest for first, oldest in zip(versions, everyone, strict=True)), name
