"""What only the owner of the tables may do, for tests that look at PostgreSQL's plans."""

from django.db import connection

from portal.database_owner import as_owner


def vacuum(table: str) -> None:
    """Tell the planner what the committed rows of a table are like; needs `transactional_db`."""
    with as_owner(), connection.cursor() as cursor:
        cursor.execute(f"VACUUM ANALYZE {table}")
