"""A database of its own for each benchmark, and how long its process has worked."""

from contextlib import ExitStack
from pathlib import Path

_scope = ExitStack()  # open until the end of the process


def connect(*, create: bool = False, name: str = "test_bench_roster") -> None:
    """Django on a benchmark's own database, as the plain role.

    What a benchmark asks outside of a scope, it asks as the system; pages begin outside of any scope.
    """
    import django

    django.setup()
    from django.db import connection

    from portal.database.owner import as_owner
    from portal.database.scope import DatabaseRole, Scope, opened

    connection.settings_dict["TIME_ZONE"] = None
    connection.settings_dict["TEST"] = {
        "NAME": name,
        "CHARSET": None,
        "TEMPLATE": None,
        "MIGRATE": True,
        "MIRROR": None,
    }
    if create:
        with as_owner():
            connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    else:
        connection.settings_dict["NAME"] = name
    _scope.enter_context(opened(Scope(DatabaseRole.SYSTEM)))


def connect_here() -> None:
    """Django on the product's own database, as the system."""
    import django

    django.setup()
    from portal.database.scope import DatabaseRole, Scope, opened

    _scope.enter_context(opened(Scope(DatabaseRole.SYSTEM)))


def drop(name: str = "bench_roster") -> None:
    """Remove the benchmark's database. DROP DATABASE takes no transaction, hence no scope."""
    from django.db import connection

    from portal.database.owner import as_owner

    _scope.close()
    connection.close()
    with as_owner():
        connection.creation.destroy_test_db(name, verbosity=0)


def by_owner(*statements: str) -> None:
    """What only the owner of the tables may do: VACUUM, TRUNCATE, ALTER."""
    from django.db import connection

    from portal.database.owner import as_owner

    with as_owner(), connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def server_ms() -> float:
    """Milliseconds of processor time that the database process of this connection has taken; 0 where there is no /proc.

    On a machine that others use it says more than the clock. Processes that help it are not in it: call `alone` first.
    """
    from django.db import connection

    connection.ensure_connection()
    told = Path(f"/proc/{connection.connection.info.backend_pid}/schedstat")
    return int(told.read_text().split()[0]) / 1e6 if told.exists() else 0.0


def alone() -> None:
    """No helpers: what a statement costs is then the time of one process."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SET max_parallel_workers_per_gather = 0")
