"""The SQL written by hand stays in the migrations when they are made again."""

from importlib import import_module

import pytest
from django.conf import settings
from django.db.migrations import RunSQL

ROOMS = sorted(path.parts[-3] for path in settings.BASE_DIR.glob("*/migrations/0001_initial.py"))


@pytest.mark.parametrize("room", ROOMS)
def test_all_sql_of_a_migration_is_run(room):
    migration = import_module(f"{room}.migrations.0001_initial")
    written = {value for name, value in vars(migration).items() if name.isupper() and isinstance(value, str)}
    operations = [each for each in migration.Migration.operations if isinstance(each, RunSQL)]
    assert {sql for each in operations for sql in (each.sql, each.reverse_sql)} == written
