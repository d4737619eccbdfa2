"""What only the owner of the tables may do."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection, models
from django.db.migrations.state import ModelState, ProjectState
from django.test import Client
from django.test.utils import CaptureQueriesContext

from portal.database.owner import as_owner
from portal.database.scope import DatabaseRole

# Made in the tests' database only: in the middle of a test's transaction nobody becomes the owner otherwise.
BY_OWNER = """
CREATE OR REPLACE FUNCTION by_owner(statement text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN EXECUTE statement; END $$
"""
# All but what Django fills as it migrates, of the tables that ever had a row. Waits for transactions that are still open, as
# TRUNCATE does; triggers that refuse and policies that hide rows are off meanwhile.
EMPTY_TABLES = """
DO $$
DECLARE
  one record;
  is_filled boolean;
  restore text := '';
BEGIN
  FOR one IN
    SELECT quote_ident(relname) AS name, relforcerowsecurity AS is_forced, EXISTS (
      SELECT 1 FROM pg_trigger WHERE tgrelid = pg_class.oid AND NOT tgisinternal AND tgtype & 8 > 0  -- of DELETE
    ) AS is_guarded
    FROM pg_class
    WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND pg_relation_size(oid) > 0
      AND relname NOT IN ('django_migrations', 'django_content_type', 'auth_permission')
    ORDER BY relname
  LOOP
    EXECUTE format('LOCK TABLE %s IN EXCLUSIVE MODE', one.name);
    IF one.is_forced THEN
      EXECUTE format('ALTER TABLE %s NO FORCE ROW LEVEL SECURITY', one.name);
      restore := restore || format('ALTER TABLE %s FORCE ROW LEVEL SECURITY; ', one.name);
    END IF;
    EXECUTE format('SELECT EXISTS (SELECT 1 FROM %s)', one.name) INTO is_filled;
    CONTINUE WHEN NOT is_filled;
    IF one.is_guarded THEN
      EXECUTE format('ALTER TABLE %s DISABLE TRIGGER USER', one.name);
      restore := restore || format('ALTER TABLE %s ENABLE TRIGGER USER; ', one.name);
    END IF;
    EXECUTE format('DELETE FROM %s', one.name);
  END LOOP;
  SET CONSTRAINTS ALL IMMEDIATE;
  IF restore <> '' THEN
    EXECUTE restore;
  END IF;
END $$
"""


@contextmanager
def migrating_quickly() -> Iterator[None]:
    """For each model that it makes, `migrate` renders anew all models that are related to it, and ours all are: nine tenths
    of its time. But nothing points to a model that is only being made. The product's own `migrate` runs in tests/launch.
    """
    add = ProjectState.add_model

    def add_model(state: Any, model: ModelState) -> None:
        rendered = vars(state).pop("apps", None)
        add(state, model)
        if rendered is not None:
            rendered.render_multiple([model])
            state.apps = rendered

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ProjectState, "add_model", add_model)
        yield


def empty_tables() -> None:
    """Delete every row. Django's flush does the same: it truncates all tables, of which most are empty, and makes the permissions
    anew.
    """
    by_owner(EMPTY_TABLES)  # on the connection that is there: a new one knows no table yet


def by_owner(statement: str) -> None:
    """Run a statement as the owner, in the transaction of the test."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT by_owner(%s)", [statement])


def let_delete(model: type[models.Model]) -> None:
    """Let every scope delete rows of the model, until the end of the test's transaction."""
    by_owner(f"GRANT DELETE ON {model._meta.db_table} TO {', '.join(DatabaseRole)}")


def vacuum(table: str) -> None:
    """Tell the planner what the committed rows of a table are like; needs `transactional_db`."""
    with as_owner(), connection.cursor() as cursor:
        # Rows whose commit has not reached the disk are not marked as seen by all; this one takes all before it along.
        cursor.execute("SET synchronous_commit = on")
        cursor.execute(f"ANALYZE {table}")
        cursor.execute(f"VACUUM ANALYZE {table}")
        cursor.execute("SET synchronous_commit = off")


def statements_of(client: Client, url: str) -> int:
    """How many statements a page takes; without savepoints, of which the product needs none outside of the test's transaction."""
    with CaptureQueriesContext(connection) as found:
        assert client.get(url).status_code == 200
    return sum("SAVEPOINT" not in one["sql"] for one in found.captured_queries)
