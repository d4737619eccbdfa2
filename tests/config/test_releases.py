"""A release changes the tables under the web of the release before: docs/recipes.md, A change of the tables."""

import importlib.util
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState
from django.db.models import CASCADE, CharField, F, ForeignKey, Index, IntegerField

from portal.database.filling import fill
from tests.support.migration_rules import faults

TRIAL = Path(settings.BASE_DIR) / "deploy/trial/releases.py"
INDEX = Index(fields=("width",), name="of_width")


def migration(*operations, atomic=True):
    found = migrations.Migration("0002", "capture")
    found.operations, found.atomic = list(operations), atomic
    return found


def test_every_migration_is_borne_by_the_web_of_the_release_before():
    loader = MigrationLoader(None)
    rooms = {app.label for app in apps.get_app_configs() if Path(app.path).parent == settings.BASE_DIR}
    later = [key for key in sorted(loader.disk_migrations) if key[0] in rooms and key[1] != "0001_initial"]
    found = {key: faults(loader.disk_migrations[key], loader.project_state([key], at_end=False)) for key in later}
    assert {key: told for key, told in found.items() if told} == {}


def test_the_releases_of_the_trial_keep_the_rules_that_it_shows():
    spec = importlib.util.spec_from_file_location("releases", TRIAL)
    releases = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(releases)
    state = ProjectState.from_apps(apps)
    for _release, name, is_atomic, operation in releases.STEPS:
        names = {}
        exec(releases.MIGRATION.format(before="", is_atomic=is_atomic, operation=operation), names)
        assert faults(names["Migration"](name, "capture"), state) == [], name
    assert "trial_new" in state.models["capture", "photo"].fields


FILLED = migrations.RunPython(fill("capture.Photo", "reason", F("appeal")))
REFUSED = {
    "a plain default is Django's alone": migration(migrations.AddField("photo", "light", IntegerField(default=0))),
    "an index with the column": migration(
        migrations.AddField("photo", "light", IntegerField(null=True, db_index=True))
    ),
    "a foreign key with its index": migration(
        migrations.AddField("photo", "friend", ForeignKey("capture.Photo", CASCADE, null=True))
    ),
    "an index that stops all writing": migration(migrations.AddIndex("photo", INDEX)),
    "an index in a transaction": migration(AddIndexConcurrently("photo", INDEX)),
    "two that cannot be taken back together": migration(AddIndexConcurrently("photo", INDEX), FILLED, atomic=False),
    "a column that is read": migration(migrations.RemoveField("photo", "width")),
    "a name that is read": migration(migrations.RenameField("photo", "width", "breadth")),
    "a column of another kind": migration(migrations.AlterField("photo", "width", CharField(max_length=9))),
    "a column that nobody writes any more": migration(
        migrations.SeparateDatabaseAndState(state_operations=[migrations.RemoveField("photo", "sha256")])
    ),
}
BORNE = {
    "a column that may be empty": migration(migrations.AddField("photo", "light", IntegerField(null=True))),
    "a default of the database": migration(
        migrations.AddField("photo", "light", IntegerField(default=0, db_default=0))
    ),
    "an index beside the work": migration(AddIndexConcurrently("photo", INDEX), atomic=False),
    "filled": migration(FILLED, atomic=False),
    "another word for people": migration(
        migrations.AlterField("photo", "reason", CharField("why", max_length=300, blank=True))
    ),
}


@pytest.mark.parametrize("one", REFUSED.values(), ids=REFUSED)
def test_what_the_web_of_before_does_not_bear_is_refused(one):
    assert faults(one, ProjectState.from_apps(apps))


@pytest.mark.parametrize("one", BORNE.values(), ids=BORNE)
def test_what_it_bears_is_not_refused(one):
    assert faults(one, ProjectState.from_apps(apps)) == []
