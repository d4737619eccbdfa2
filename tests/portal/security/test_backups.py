"""A backup is restored and compared, with PostgreSQL's own programs."""

import json
import shutil

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection

from portal.security import backups
from portal.tenancy import system_scope
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)


def test_drill_finds_everything_and_names_what_is_not_there(school, season, tmp_path, capsys):
    with system_scope():
        photo = factories.photo(factories.student(school, season), "approved")
    folder = tmp_path / "backup"
    backups.back_up(folder)
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    assert folder.stat().st_mode & 0o777 == 0o700
    files = tmp_path / "restored"
    shutil.copytree(settings.MEDIA_ROOT, files)

    figures = json.loads((folder / backups.FIGURES).read_text())
    rows, _hash = figures["students_student"]
    figures["students_student"] = [rows, "1"]
    (folder / backups.FIGURES).write_text(json.dumps(figures))
    (files / photo.portrait.name).unlink()
    (files / photo.original.name).write_bytes(b"damaged")
    with pytest.raises(CommandError):
        call_command("restore_drill", folder, files=files, json=True)
    report = json.loads(capsys.readouterr().out)
    # Everything else is as it was.
    assert report["rows"] > 10
    assert report["files"] >= 1
    assert [line.partition(":")[0] for line in report["differing"]] == ["students_student"]
    assert report["missing_files"] == [photo.portrait.name]
    assert report["damaged_files"] == [photo.original.name]

    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_database WHERE datname LIKE 'tucai_drill_%'")
        assert cursor.fetchone() == (0,)
