"""The commands that operators and checks call: their output is stable."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from PIL import Image

from tests.support.words import said
from tests.vision.pictures import jpeg

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def folder(tmp_path, draw) -> Path:
    (tmp_path / "good.jpg").write_bytes(jpeg(draw(2)))
    (tmp_path / "mouth.jpg").write_bytes(jpeg(draw(2, "mouth")))
    (tmp_path / "text.jpg").write_text("no photo")
    return tmp_path


def run(*arguments: object, **options: object) -> str:
    out = io.StringIO()
    call_command(*map(str, arguments), stdout=out, stderr=io.StringIO(), **options)
    return out.getvalue()


def refusal(message: str, path: Path) -> str:
    """The pattern of a refusal that names the path."""
    return re.escape(said(message, path=path))


def test_check_photo_prints_one_json_object_a_line(folder):
    lines = run("check_photo", folder / "good.jpg", folder / "mouth.jpg", folder / "text.jpg", "--json").splitlines()
    good, mouth, text = map(json.loads, lines)

    assert good == {"file": str(folder / "good.jpg"), "verdict": "green", "findings": []}
    assert mouth["verdict"] == "red"
    assert mouth["findings"][0]["rule"] == "mouth"
    assert mouth["findings"][0]["outcome"] == "reject"
    assert mouth["findings"][0]["value"] > mouth["findings"][0]["limit"] == 0.07
    assert text["findings"] == [{"rule": "unreadable", "outcome": "reject", "value": None, "limit": None}]


def test_check_photo_judges_the_others_when_a_path_cannot_be_read(folder):
    out, err = io.StringIO(), io.StringIO()
    paths = [folder / "absent.jpg", folder / "mouth.jpg", folder, folder / "text.jpg"]
    with pytest.raises(CommandError, match=said("%(n)d files were not read.", n=2)):
        call_command("check_photo", *map(str, paths), "--json", stdout=out, stderr=err)

    assert [json.loads(line)["file"] for line in out.getvalue().splitlines()] == [str(paths[1]), str(paths[3])]
    missing, directory = err.getvalue().splitlines()
    assert missing == said("%(path)s: there is no such file. Check the name and the folder.", path=paths[0])
    assert directory == said("%(path)s: this is a folder. Name a file in it.", path=folder)


def test_check_photo_names_a_photo_that_may_not_be_read(folder, monkeypatch):
    monkeypatch.setattr(Path, "open", denied)
    err = io.StringIO()
    with pytest.raises(CommandError, match=said("%(n)d file was not read.", n=1)):
        call_command("check_photo", str(folder / "good.jpg"), stdout=io.StringIO(), stderr=err)

    assert said("%(path)s: this file may not be read. Ask for the right to read it.") in err.getvalue()


def denied(path: Path, *_arguments: object) -> None:
    raise PermissionError(13, "Permission denied", str(path))


def test_check_photo_speaks_to_people(folder):
    output = run("check_photo", folder / "mouth.jpg")

    assert said("The mouth is open or teeth are showing.") in output
    assert said("Close your lips and keep a calm expression without showing teeth.") in output


def test_make_portrait_writes_the_file(folder):
    output = run("make_portrait", folder / "good.jpg", folder / "out.jpg", background="white")

    assert "bytes, quality" in output
    with Image.open(folder / "out.jpg") as image:
        assert image.size == (480, 640)
        assert min(image.getpixel((5, 5))) >= 253


@pytest.mark.parametrize(
    ("name", "out", "reason"),
    [
        ("text.jpg", "out.jpg", said("This file is not a photo. Please send a JPEG, PNG, WebP, HEIC or AVIF picture.")),
        ("absent.jpg", "out.jpg", said("%(path)s: there is no such file. Check the name and the folder.")),
        (".", "out.jpg", said("%(path)s: this is a folder. Name a file in it.")),
        ("good.jpg", "absent/out.jpg", said("%(path)s: there is no such folder. Make it first, or name another.")),
        ("good.jpg", ".", said("%(path)s: this is a folder. Give the portrait a file name.")),
    ],
)
def test_make_portrait_says_why_not(folder, name, out, reason):
    with pytest.raises(CommandError, match=reason) as refused:
        run("make_portrait", folder / name, folder / out)
    assert "Errno" not in str(refused.value)


def test_make_portrait_of_nobody(folder, draw):
    (folder / "wall.jpg").write_bytes(jpeg(draw(1, "nobody")))

    with pytest.raises(CommandError, match=said("No face was found in the photo.")):
        run("make_portrait", folder / "wall.jpg", folder / "out.jpg")


def test_evaluate_checks_counts_false_rejects_and_detection(folder):
    (folder / "labels.csv").write_text("file,expected\ngood.jpg,\nmouth.jpg,mouth\ntext.jpg,unreadable\n")
    rows: dict[str, list[str]] = {}
    for line in run("evaluate_checks", folder).splitlines():
        rows.setdefault(line.split()[0], line.split())

    assert rows["mouth"][1:8] == ["reject", "2", "0", "0.0", "1", "1", "100.0"]
    assert rows["unreadable"][6] == "1"
    assert rows["all"][2:9] == ["reject", "3", "0", "0.0", "2", "2", "100.0"]


def test_evaluate_checks_refuses_labels_that_it_does_not_know(folder):
    (folder / "labels.csv").write_text("file,expected\ngood.jpg,moth\n")

    with pytest.raises(CommandError, match="unknown rule moth"):
        run("evaluate_checks", folder)


def test_evaluate_checks_needs_labels(tmp_path):
    with pytest.raises(
        CommandError,
        match=refusal(
            "%(path)s: there are no labels. Make this table with the columns file and expected.",
            tmp_path / "labels.csv",
        ),
    ):
        run("evaluate_checks", tmp_path)
    (tmp_path / "labels.csv").write_bytes(b"file\n\xff\xd8\xff")
    with pytest.raises(
        CommandError,
        match=refusal("%(path)s: this is no table of labels: a CSV file in UTF-8 is needed.", tmp_path / "labels.csv"),
    ):
        run("evaluate_checks", tmp_path)


def test_evaluate_checks_names_the_photo_that_is_missing(folder):
    (folder / "labels.csv").write_text("file,expected\ngood.jpg,\ngone.jpg,mouth\n")

    with pytest.raises(
        CommandError,
        match=refusal("%(path)s: there is no such file. Check the name and the folder.", folder / "gone.jpg"),
    ):
        run("evaluate_checks", folder)


def test_evaluate_checks_refuses_what_are_no_kept_measures(folder):
    (folder / "labels.csv").write_text("file,expected\ngood.jpg,\n")

    with pytest.raises(
        CommandError, match=refusal("%(path)s: these are not kept measures. Name another file.", folder / "text.jpg")
    ):
        run("evaluate_checks", folder, "--kept", folder / "text.jpg")


def test_commands_start_no_services(folder):
    """A station without a database can judge photos."""
    data = folder / "data"
    done = subprocess.run(
        [sys.executable, "manage.py", "check_photo", str(folder / "good.jpg"), "--json"],
        capture_output=True, text=True, timeout=120, cwd=ROOT, env={"PATH": "", "TUCAI_DATA": str(data)},
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["verdict"] == "green"
    assert {path.name for path in data.iterdir()} <= {"secrets.json"}


def test_evaluate_checks_shows_groups_and_kinds_and_keeps_measures(folder, tmp_path):
    rows = ["good.jpg,,skin-light,,", "mouth.jpg,mouth,skin-light,opened,weak", "text.jpg,?screen,skin-dark,far,strong"]
    (folder / "labels.csv").write_text("file,expected,group,kind,strength\n" + "\n".join(rows) + "\n")
    kept = tmp_path / "kept.json"
    first = run("evaluate_checks", folder, "--kept", kept)

    rows = [line.split() for line in first.splitlines()]
    assert ["mouth", "reject", "0/0", "0/0", "0/1", "1/1"] in rows  # dark skin first: nobody; then light
    assert ["opened", "mouth", "1/1", "-", "-"] in rows
    assert first.rstrip().endswith("0/1   left to the reviewer")
    assert set(json.loads(kept.read_text())) == {"good.jpg", "mouth.jpg", "text.jpg"}
    assert run("evaluate_checks", folder, "--kept", kept) == first


def test_evaluate_checks_of_one_rule_takes_its_photos_and_the_clean_ones(folder):
    (folder / "labels.csv").write_text("file,expected\ngood.jpg,\nmouth.jpg,mouth\ntext.jpg,unreadable\n")
    rows = {line.split()[0]: line.split() for line in run("evaluate_checks", folder, "--only", "mouth").splitlines()}

    assert rows["all"][3] == "2"


def made_sets(folder: Path) -> tuple[Path, Path]:
    """Two rooms: in each one photo that keeps the rules and one with an open mouth."""
    rooms = folder / "north", folder / "south"
    for room in rooms:
        room.mkdir()
        for name in ("good.jpg", "mouth.jpg"):
            (room / name).write_bytes((folder / name).read_bytes())
        (room / "labels.csv").write_text("file,expected\ngood.jpg,\nmouth.jpg,mouth\n")
    return rooms


def test_evaluate_checks_tries_limits_of_some_sets_on_the_set_that_is_left_out(folder, tmp_path):
    kept = tmp_path / "kept.json"
    rows = [line.split() for line in run("evaluate_checks", *made_sets(folder), "--kept", kept).splitlines()]

    assert ["north:", "2"] in rows
    assert ["south:", "2"] in rows
    left_out = [row for row in rows if row[:2] in (["mouth", "north"], ["mouth", "south"])]
    assert [row[1] for row in left_out] == ["north", "south"]
    assert all(row[3:] == ["0/1", "0.0", "0.0-79.3", "1/1", "100.0", "20.7-100.0"] for row in left_out)
    assert set(json.loads(kept.read_text())) == {
        f"{room}/{name}.jpg" for room in ("north", "south") for name in ("good", "mouth")
    }


def test_groups_may_be_sets_of_their_own(folder):
    (folder / "labels.csv").write_text(
        "file,expected,group\ngood.jpg,,south\nmouth.jpg,mouth,south narrow\ntext.jpg,,\n"
    )
    found = json.loads(run("evaluate_checks", folder, "--sets", "south", "--json"))

    assert {name: part["photos"] for name, part in found["sets"].items()} == {"south": 2, folder.name: 1}


def test_evaluate_checks_prints_wilsons_intervals_in_one_object(folder):
    (folder / "labels.csv").write_text("file,expected,kind,strength\ngood.jpg,,,\nmouth.jpg,mouth,opened,weak\n")
    (found,) = json.loads(run("evaluate_checks", folder, "--json"))["sets"].values()
    mouth = next(row for row in found["rules"] if row["rule"] == "mouth" and row["outcome"] == "reject")

    assert mouth["false"] == [0, 1, 0.0, pytest.approx(0.7935, abs=1e-4)]
    assert mouth["found"] == [1, 1, pytest.approx(0.2065, abs=1e-4), 1.0]
    assert found["kinds"] == [{"kind": "opened", "rule": "mouth", "overlooked": False, "strengths": {"weak": [1, 1]}}]


def test_a_rule_can_be_ignored_where_a_whole_set_breaks_it(folder):
    (folder / "labels.csv").write_text("file,expected\ngood.jpg,mouth\nmouth.jpg,\n")
    (found,) = json.loads(run("evaluate_checks", folder, "--ignore", "mouth,smile", "--json"))["sets"].values()
    total = next(row for row in found["rules"] if row["rule"] == "all rejecting")

    assert (total["false"][:2], total["found"][:2]) == ([0, 2], [0, 0])
    with pytest.raises(CommandError, match=said("There is no rule %(name)s.", name="moth")):
        run("evaluate_checks", folder, "--ignore", "moth")


def test_evaluate_checks_counts_the_verdicts_that_a_change_turns(folder, tmp_path):
    (folder / "labels.csv").write_text("file,expected\ngood.jpg,\nmouth.jpg,mouth\n")
    kept, out, err = tmp_path / "kept.json", io.StringIO(), io.StringIO()
    arguments = ["evaluate_checks", str(folder), "--stability", "jpeg_85,megapixels_0.3", "--kept", str(kept)]
    call_command(*arguments, stdout=out, stderr=err)

    rows = [line.split() for line in out.getvalue().splitlines()]
    assert ["jpeg_85", "0/1", "0.0", "0.0-79.3", "0", "0", "0/1"] in rows
    assert rows[-1][-1] == "none"
    assert err.getvalue().splitlines() == [
        f"2/2 {said('photos measured')}",
        f"1/1 {said('photos changed and measured')}",
    ]
    assert set(json.loads(kept.read_text())) == {
        "good.jpg", "mouth.jpg", "good.jpg#jpeg_85", "good.jpg#megapixels_0.3"
    }  # fmt: skip
    assert run(*arguments) == out.getvalue()


@pytest.mark.parametrize(
    ("arguments", "message", "values"),
    [
        (["--stability", "jpg"], "There is no change %(name)s. These are known: %(known)s", {"name": "jpg"}),
        (["--labels", "a.csv"], "Give --labels once for each folder, in the same order, or leave it out.", {}),
    ],
)
def test_evaluate_checks_says_what_is_wrong_with_its_options(folder, arguments, message, values):
    pattern = re.escape(said(message, known="", **values))
    with pytest.raises(CommandError, match=pattern):
        run("evaluate_checks", *made_sets(folder), *arguments)


def test_two_sets_of_one_name_are_refused(folder):
    (folder / "other" / "north").mkdir(parents=True)
    north, _ = made_sets(folder)

    with pytest.raises(
        CommandError, match=said("Two folders are called %(name)s. Give each set its own name.", name="north")
    ):
        run("evaluate_checks", north, folder / "other" / "north")


def test_contact_sheets_show_false_alarms_and_misses(folder, tmp_path):
    (folder / "labels.csv").write_text("file,expected\ngood.jpg,mouth\nmouth.jpg,\ntext.jpg,\n")
    sheets = tmp_path / "sheets"
    run("evaluate_checks", folder, "--sheet", sheets)
    false_alarms, misses = (Image.open(sheets / f"{name}.jpg") for name in ("false_alarms", "misses"))

    assert {path.name for path in sheets.iterdir()} == {"false_alarms.jpg", "misses.jpg"}
    assert false_alarms.size == misses.size == (8 * 200, 250 + 4 * 13)
    assert is_shown(false_alarms, 0)
    assert is_shown(false_alarms, 1)
    assert is_shown(misses, 0)
    assert not is_shown(misses, 1)


def is_shown(sheet: Image.Image, column: int) -> bool:
    return sheet.convert("L").crop((column * 200, 0, column * 200 + 200, 250)).getextrema()[0] < 200


def test_contact_sheets_need_a_folder(folder):
    (folder / "labels.csv").write_text("file,expected\ngood.jpg,mouth\n")

    with pytest.raises(CommandError, match=re.escape(str(folder / "good.jpg"))):
        run("evaluate_checks", folder, "--sheet", folder / "good.jpg")
