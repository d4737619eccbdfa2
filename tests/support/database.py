"""What only the owner of the tables may do, for tests that look at PostgreSQL's plans."""

from django.db import connection

from portal.database.owner import as_owner

# Made in the tests' database only: in the middle of a test's transaction nobody becomes the owner otherwise.
BY_OWNER = """
CREATE OR REPLACE FUNCTION by_owner(statement text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN EXECUTE statement; END $$
"""


def by_owner(statement: str) -> None:
    """Run a statement as the owner, in the transaction of the test."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT by_owner(%s)", [statement])


def vacuum(table: str) -> None:
    """Tell the planner what the committed rows of a table are like; needs `transactional_db`."""
    with as_owner(), connection.cursor() as cursor:
        cursor.execute(f"VACUUM ANALYZE {table}")
