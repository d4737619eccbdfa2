"""manage.py rejudge: dry unless told otherwise, and safe to run twice."""

import json

import pytest
from django.core.management import CommandError, call_command

import vision
from capture.models import Finding, Photo
from portal.models import Event
from portal.tenancy import school_scope
from tests import factories
from tests.support.words import said


@pytest.fixture
def measures(good_photo) -> dict:
    return vision.check(good_photo).measures | {"roll": 6.0}


@pytest.fixture
def photo(student, measures) -> Photo:
    found = vision.judge(measures).findings
    return factories.photo(
        student, findings={f.rule: f.outcome for f in found}, measures=measures, outcome=vision.Verdict(found).outcome
    )


def rejudge(capsys, *args: str) -> dict:
    call_command("rejudge", "--json", *args)
    return json.loads(capsys.readouterr().out)


def rules_of(photo: Photo) -> set[str]:
    with school_scope(photo.school):
        return set(Finding.objects.filter(photo=photo).values_list("rule", flat=True))


def test_dry_by_default(photo, season, capsys):
    factories.limit_set(season, {"roll": {"warn": None}})
    said = rejudge(capsys)
    assert (said["photos"], said["changed"], said["applied"], said["limit_set"]) == (1, 1, False, 1)
    assert said["rules"] == [{"rule": "roll", "from": "warn", "to": None, "photos": 1}]
    assert "roll" in rules_of(photo)


def test_apply_writes_it_down_once(photo, season, capsys):
    factories.limit_set(season, {"roll": {"warn": None}})
    assert rejudge(capsys, "--apply")["changed"] == 1
    assert "roll" not in rules_of(photo)
    event = Event.objects.get(kind="photo.rejudged")
    assert (event.source, event.actor_key) == ("command", "system")
    assert rejudge(capsys, "--apply")["photos"] == 0


def test_one_school_and_the_last_days(photo, season, other_school, capsys):
    factories.limit_set(season, {"roll": {"warn": None}})
    assert rejudge(capsys, "--school", other_school.code)["photos"] == 0
    assert rejudge(capsys, "--school", photo.school.code, "--days", "1")["photos"] == 1
    with pytest.raises(CommandError, match="99999"):
        rejudge(capsys, "--school", "99999")
    with pytest.raises(CommandError, match=said("--days takes 1 or more.")):
        rejudge(capsys, "--days", "0")


def test_a_missing_file_of_limits_is_named(season, tmp_path, capsys):
    with pytest.raises(
        CommandError, match=r"gone\.json" + said("%(path)s: there is no such file. Check the name and the folder.")
    ):
        rejudge(capsys, "--limits", str(tmp_path / "gone.json"))
    with pytest.raises(CommandError, match=said("%(path)s: this is a folder. Name a file in it.")):
        rejudge(capsys, "--limits", str(tmp_path))
    with pytest.raises(CommandError, match="1999"):
        rejudge(capsys, "--season", "1999")


def test_looking_ahead_with_limits_of_a_file(photo, tmp_path, capsys):
    file = tmp_path / "limits.json"
    file.write_text('{"roll": {"reject": 5.5, "warn": 3}}')
    call_command("rejudge", "--limits", str(file))
    output = capsys.readouterr().out
    message = "%(changed)d verdicts would change, %(decided)d of them decided or given up, which stay as they are."
    assert said(message, changed=1, decided=0) in output
    assert "roll" in output
    with pytest.raises(
        CommandError,
        match=said("Limits of a file are to look ahead only. Save them on the page “Judging rules” first."),
    ):
        rejudge(capsys, "--limits", str(file), "--apply")


@pytest.mark.parametrize("text", ["", "[]", '{"roll": 3}', '{"nose": {"reject": 1}}', '{"roll": {"warn": 9}}'])
def test_a_file_that_makes_no_sense_is_refused_with_a_sentence(season, tmp_path, capsys, text):
    file = tmp_path / "limits.json"
    file.write_text(text)
    with pytest.raises(CommandError):
        rejudge(capsys, "--limits", str(file))
    with pytest.raises(CommandError, match="missing"):
        rejudge(capsys, "--limits", str(tmp_path / "missing.json"))
