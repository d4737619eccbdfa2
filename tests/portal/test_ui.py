import datetime as dt
import re
from types import SimpleNamespace

import pytest
from django import forms
from django.apps import apps
from django.conf import settings
from django.core.paginator import Paginator
from django.template import Context, Template
from django.test import RequestFactory

from portal.changes import states
from portal.models import Job
from portal.pages import status_badges
from portal.pages.lists import List, cases, choice, search
from portal.pages.status_badges import NEUTRAL, Badge, badge_of
from tests.support.words import said


def draw(source: str, *, path: str = "/", **context) -> str:
    request = RequestFactory().get(path)
    return Template(source).render(Context({"request": request} | context)).strip()


class Form(forms.Form):
    name = forms.CharField(label="Name", help_text="As on the ID document.")
    mode = forms.ChoiceField(label="Mode", choices=[("a", "A"), ("b", "B")], widget=forms.RadioSelect)
    table = forms.FileField(label="Table", required=False)
    agreed = forms.BooleanField(label="Agreed")
    token = forms.CharField(widget=forms.HiddenInput)


def test_icon_is_svg_that_screen_readers_skip():
    assert draw('{% icon "camera" %}').startswith("<svg")
    assert 'aria-hidden="true"' in draw('{% icon "camera" %}')


def test_state_badge_has_icon_word_and_colour():
    badge = draw("{% state_badge job %}", job=Job(status=Job.Status.FAILED))
    assert "badge-act" in badge
    assert "<svg" in badge
    assert said("Failed") in badge


def test_badge_escapes_its_label():
    assert "&lt;b&gt;" in draw('{% badge label "ok" %}', label="<b>")


def test_when_is_exact_on_hover():
    at = dt.datetime(2020, 3, 21, 1, 2, 3, tzinfo=dt.UTC)
    shown = draw("{{ at|when }}", at=at)
    assert 'title="2020-03-21 09:02:03"' in shown
    assert ">2020年3月21日 09:02<" in shown
    assert draw("{{ at|when }}", at=None) == ""


def test_field_has_label_reason_and_error_tied_to_the_control():
    shown = draw("{% field form.name %}", form=Form({}))
    assert re.search(r'<label for="id_name">\s*Name', shown)
    assert 'id="id_name_helptext">As on the ID document.' in shown
    assert 'id="id_name_error"' in shown
    assert 'aria-invalid="true"' in shown
    assert 'aria-describedby="id_name_helptext id_name_error"' in shown


def test_field_keeps_what_was_typed():
    assert 'value="Li &amp; Co"' in draw("{% field form.name %}", form=Form({"name": "Li & Co"}))


@pytest.mark.parametrize(
    ("name", "part"),
    [("mode", "<fieldset"), ("table", "data-drop"), ("agreed", 'class="check"'), ("token", 'type="hidden"')],
)
def test_field_takes_the_shape_of_its_control(name, part):
    assert part in draw("{% field bound %}", bound=Form()[name])


def test_fields_sum_up_the_errors_with_links():
    shown = draw("{% fields form %}", form=Form({"token": "x"}))
    assert '<a href="#id_name">Name</a>：该字段是必填项。' in shown
    assert shown.count('role="alert"') == 1


def test_whole_form_is_drawn_in_the_same_way():
    assert '<div class="field' in str(Form())


def test_chip_sets_its_filter_and_starts_at_the_first_page():
    chip = draw('{% chip "stage" "review" "In review" 12 %}', path="/?q=li&page=3")
    assert 'href="?q=li&amp;stage=review"' in chip
    assert "aria-current" not in chip
    assert ">12<" in chip


def test_chip_pressed_again_lifts_its_filter():
    chip = draw('{% chip "stage" "review" "In review" %}', path="/?stage=review&q=li")
    assert 'href="?q=li"' in chip
    assert 'aria-current="true"' in chip


class Jobs(List):
    filters = {
        "status": choice("status", [("open", "Open"), ("done", "Done")], label="State"),
        "kind": cases({"one": ("One", None)}, label="Kind"),
    }
    defaults = {"status": "open"}

    def counts(self, name):
        return {"open": 30_000, "done": 1}


def test_chips_press_what_the_list_shows_and_group_thousands():
    shown = draw('{% chips listed "status" %}', listed=Jobs([], {}), path="/?q=li")
    assert shown.count("<a ") == 2  # no "all" where a filter has a default
    assert re.search(r'href="[^"]*" aria-current="true">Open <span class="count">30,000<', shown)
    assert 'href="?q=li&amp;status=done">Done' in shown


def test_filter_select_offers_all_and_chooses_what_is_asked():
    shown = draw('{% filter_select listed "kind" "All kinds" %}', listed=Jobs([], {"kind": "one"}))
    assert re.sub(r"\s+", " ", shown) == (
        '<select name="kind" aria-label="Kind"> <option value="">All kinds</option>'
        ' <option value="one" selected>One</option> </select>'
    )


class Found(Jobs):
    filters = {"q": search("name"), **Jobs.filters}
    sorts = {"": (), "id": ("id",)}


def test_a_toolbar_keeps_what_it_does_not_offer():
    listed = Found([], {"q": "<b>", "status": "done", "kind": "one", "sort": "-id"})
    bar = draw('{% toolbar listed "Name" %}{% filter_select listed "status" %}{% endtoolbar %}', listed=listed)
    assert 'type="search" name="q" value="&lt;b&gt;"' in bar
    assert '<option value="done" selected>' in bar
    assert re.findall(r'type="hidden" name="(\w+)" value="([^"]+)"', bar) == [("kind", "one"), ("sort", "-id")]
    bar = draw("{% toolbar listed %}{% endtoolbar %}", listed=listed)
    assert 'type="search"' not in bar
    kept = [("q", "&lt;b&gt;"), ("status", "done"), ("kind", "one"), ("sort", "-id")]
    assert sorted(re.findall(r'type="hidden" name="(\w+)" value="([^"]+)"', bar)) == sorted(kept)


def test_a_module_names_all_that_it_imports_to_the_browser():
    shown = draw('{% module "js/camera.js" %}')
    told = set(re.findall(r'rel="modulepreload" href="[^"]*/js/(camera/[^"]+)"', shown))
    own = {f"camera/{path.name}" for path in (settings.BASE_DIR / "static/js/camera").glob("*.js")}
    assert told == own - {"camera/face_worker.js", "camera/film_worker.js"}  # they are no modules of the page
    assert shown.endswith('/js/camera.js"></script>')


def test_sort_turns_round():
    assert 'href="?sort=name"' in draw('{% sort "name" "Name" %}')
    up = draw('{% sort "name" "Name" %}', path="/?sort=name")
    assert 'aria-sort="ascending"' in up
    assert 'href="?sort=-name"' in up


def test_pagination_keeps_the_query():
    page = Paginator(range(30_000), 50).page(9)
    shown = draw("{% pagination page %}", path="/?q=li&page=9", page=page)
    assert "第 401–450 条，共 30,000 条" in shown
    assert 'href="?q=li&amp;page=10"' in shown
    assert 'href="?q=li&amp;page=600"' in shown


def test_pagination_of_one_page_only_counts():
    shown = draw("{% pagination page %}", page=Paginator(range(3), 50).page(1))
    assert "第 1–3 条，共 3 条" in shown
    assert "<a " not in shown


def test_charts_say_their_numbers():
    load = "{% load charts %}"
    assert "<b>1,200</b> / 30,000" in draw(load + "{% bar 1200 30000 %}")
    assert "fill-ok" in draw(load + "{% bar 5 5 %}")
    assert "0 / 0" not in draw(load + "{% bar 0 0 plain=True %}")
    assert 'width="50.0%"' in draw(load + "{% bar_chart rows %}", rows=[("a", 8), ("b", 4)])
    assert draw(load + "{% day_chart days %}", days=[]) == ""
    assert "3/21: 7" in draw(load + "{% day_chart days %}", days=[("3/20", 1), ("3/21", 7)])
    assert 'd="M0.0 2.0L96.0 25.0"' in draw(load + "{% sparkline values %}", values=[7, 0])


@pytest.mark.parametrize(
    ("value", "css"), [(0, "heat-0"), (1, "heat-1"), (50, "heat-3"), (99, "heat-4"), (100, "heat-5")]
)
def test_heat_is_full_only_when_all_are_there(value, css):
    assert draw("{% load charts %}{{ value|heat:100 }}", value=value) == css


def test_marks_are_boxes_in_percent():
    findings = [SimpleNamespace(outcome="reject", box=(0.25, 0.1, 0.5, 0.2)), {"outcome": "warn", "box": None}]
    shown = draw("{% load charts %}{% marks findings %}", findings=findings)
    assert 'class="is-reject" x="25.0%" y="10.0%" width="50.0%" height="20.0%"' in shown
    assert shown.count("<rect") == 2


def test_window_bar_marks_today():
    window = SimpleNamespace(starts_on=dt.date(2026, 3, 21), ends_on=dt.date(2026, 3, 30))
    source = "{% load timetable %}{% season_days windows as days %}{% window_bar window days today %}"
    shown = draw(source, window=window, windows=[window], today=dt.date(2026, 3, 25))
    assert 'x1="45.0%"' in shown
    assert "fill-sky" in shown


def test_no_part_uses_a_style_attribute():
    page = draw("{% load charts %}{% bar 1 2 %}{% fields form %}{% frame %}", form=Form({}))
    assert " style=" not in page


def test_every_state_has_its_colour_and_picture():
    """Of every model that goes through the gate, and of the student's fees."""
    fields = [(model, states.field_of(model)) for model in apps.get_models() if hasattr(model, "TRANSITIONS")]
    fields.append((apps.get_model("students.student"), "fee_state"))
    missing = {
        (model._meta.label, value)
        for model, name in fields
        for value, _label in model._meta.get_field(name).choices
        if badge_of(model._meta.label, value) == NEUTRAL
    }
    assert missing == set()


def test_a_badge_is_a_known_tone_and_a_picture_that_exists():
    for badge in status_badges._BADGES.values():
        assert "<svg" in draw("{% badge 'x' tone picture %}", tone=badge.tone, picture=badge.icon)


def test_the_same_word_of_two_models_may_look_different():
    assert badge_of("schools.Season", "open") != badge_of("students.Correction", "open")
    with pytest.raises(ValueError, match="twice"):
        status_badges.register(Job, {Job.Status.DONE: Badge("ok", "check")})
