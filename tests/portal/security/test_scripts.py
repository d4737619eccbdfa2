"""Scripts build pages from elements and text, never from markup or code that somebody sent."""

import re
from pathlib import Path

import pytest
from django.conf import settings

SCRIPTS = sorted((Path(settings.BASE_DIR) / "static/js").rglob("*.js"))
RUNS_TEXT = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|__proto__|\.prototype\b"


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_script_runs_no_text(script):
    assert re.findall(RUNS_TEXT, script.read_text(encoding="utf-8")) == []


def test_a_script_that_would_is_found():
    assert re.findall(RUNS_TEXT, "box.innerHTML = sent") == ["innerHTML"]


def test_no_script_touches_passwords():
    """So that typing, pasting and the browser's keeper of passwords work as everywhere."""
    assert [
        path.name for path in SCRIPTS if re.search("password|onpaste|[\"']paste[\"']", path.read_text(encoding="utf-8"))
    ] == []
