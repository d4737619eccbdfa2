"""A dump of the database with its figures, and the drill that shows that it can be restored.

The figures (rows and a hash of each table) are taken in the snapshot that is dumped, so that they fit
however busy the database is. The drill restores the dump into a database of its own, takes the
figures there and compares; then it looks for the files that the restored rows name.
"""

import hashlib
import json
import os
import secrets
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from django.apps import apps
from django.conf import settings
from django.db import connection
from django.db.models import FileField
from django.utils.translation import gettext as _
from psycopg import sql

from portal import files
from portal.errors import PortalError

DUMP, FIGURES = "tucai.dump", "figures.json"
BACKUP_ROLE = "tucai_backup"  # reads every row; the owner may take it where it exists
COUNTED = {
    "indexes": "SELECT count(*) FROM pg_indexes WHERE schemaname = 'public'",
    "constraints": "SELECT count(*) FROM pg_constraint WHERE connamespace = 'public'::regnamespace",
    "triggers": "SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal",
    "policies": "SELECT count(*) FROM pg_policies",
}
Figures = dict[str, list[Any]]


@dataclass
class Report:
    """What a drill has found: the figures that differ, and the faults of files."""

    tables: int = 0
    rows: int = 0
    differing: list[str] = field(default_factory=list)
    files: int = 0
    file_bytes: int = 0
    missing_files: list[str] = field(default_factory=list)
    damaged_files: list[str] = field(default_factory=list)

    @property
    def is_whole(self) -> bool:
        return not (self.differing or self.missing_files or self.damaged_files)


def back_up(folder: Path) -> Figures:
    """Write the dump and its figures into the folder; return the figures. Nobody but us may read them, and a folder
    that is not there is made so."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in (DUMP, FIGURES):
        (folder / name).touch(mode=0o600)
        (folder / name).chmod(0o600)
    owner = _owner()
    with _connected(owner) as database:
        database.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        (snapshot,) = database.execute("SELECT pg_export_snapshot()").fetchone()  # type: ignore[misc]
        role = [f"--role={BACKUP_ROLE}"] if _has_backup_role(database) else []
        figures = _figures(database)
        _run("pg_dump", *role, "--format=custom", f"--snapshot={snapshot}", f"--file={folder / DUMP}", at=owner)
    (folder / FIGURES).write_text(json.dumps(figures, indent=1, sort_keys=True))
    return figures


def drill(folder: Path, *, stored: Path | None = None, into: str = "") -> Report:
    """Restore the folder's dump and compare.

    `stored`: the folder of restored private files; without it those of the portal are looked for.
    `into`: an empty database on the owner's server; without it one is made and dropped again, for
    which the owner needs CREATEDB.
    """
    before: Figures = json.loads((folder / FIGURES).read_text())
    with _database(into) as restored:
        _run(
            "pg_restore", "--no-owner", "--exit-on-error", f"--dbname={restored['dbname']}", folder / DUMP, at=restored
        )
        with _connected(restored) as database:
            _has_backup_role(database)
            after = _figures(database)
            report = Report(
                tables=len(before) - len(COUNTED), rows=sum(row[0] for row in before.values() if len(row) == 2)
            )
            report.differing = sorted(
                f"{name}: {before.get(name)} → {after.get(name)}"
                for name in before.keys() | after.keys()
                if before.get(name) != after.get(name)
            )
            _check_files(database, stored, report)
    return report


def _owner() -> dict[str, str]:
    """libpq's parameters of the owner on the portal's database."""
    given = settings.DATABASE_OWNER() | {"NAME": connection.settings_dict["NAME"]}
    names = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}
    return {ours: str(given[name]) for ours, name in names.items() if given[name]} | given.get("OPTIONS", {})


@contextmanager
def _connected(parameters: dict[str, str]) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(**parameters, autocommit=True) as database:  # type: ignore[arg-type]
        yield database


def _has_backup_role(database: psycopg.Connection[Any]) -> bool:
    """Take the role that reads every row, if this server has it."""
    found = database.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [BACKUP_ROLE]).fetchone()
    if found:
        database.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(BACKUP_ROLE)))
    return bool(found)


def _figures(database: psycopg.Connection[Any]) -> Figures:
    """{table: [rows, sum of a 64-bit hash of each row as text]}, {sequence: [its value]}, and how many objects
    there are of the kinds in COUNTED. The sum does not depend on the order of the rows.
    """
    database.execute("SET TIME ZONE 'UTC'")
    found: Figures = {}
    tables = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
    for (name,) in database.execute(tables).fetchall():
        query = sql.SQL(
            "SELECT count(*), coalesce(sum(hashtextextended(of_table::text, 0)), 0)::text FROM {} AS of_table"
        )
        found[name] = list(database.execute(query.format(sql.Identifier(name))).fetchone() or [])
    for name, value in database.execute("SELECT sequencename, last_value FROM pg_sequences").fetchall():
        found[name] = [value]
    for name, count in COUNTED.items():
        found[name] = list(database.execute(count).fetchone() or [])
    return found


@contextmanager
def _database(name: str) -> Iterator[dict[str, str]]:
    """An empty database of the owner; dropped at the end unless it was given by its name."""
    owner = _owner()
    if name:
        yield owner | {"dbname": name}
        return
    name = f"tucai_drill_{secrets.token_hex(4)}"
    with _connected(owner) as database:
        try:
            database.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
        except psycopg.errors.InsufficientPrivilege as error:
            raise PortalError(
                _("The owner may not make a database. Make an empty one that belongs to it and name it with --into.")
            ) from error
    try:
        yield owner | {"dbname": name}
    finally:
        with _connected(owner) as database:
            database.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _run(program: str, *arguments: Any, at: dict[str, str]) -> None:
    folder = settings.POSTGRES_PROGRAMS()
    path = str(folder / program) if folder else program
    environment = os.environ | {f"PG{_LIBPQ.get(name, name.upper())}": value for name, value in at.items()}
    try:
        done = subprocess.run(
            [path, *map(str, arguments)], env=environment, capture_output=True, text=True, check=False
        )
    except FileNotFoundError as error:
        message = _("%(program)s is not on this machine: install PostgreSQL's client programs.")
        raise PortalError(message % {"program": program}) from error
    if done.returncode:
        raise PortalError(f"{program}: {done.stderr.strip()}")


_LIBPQ = {"dbname": "DATABASE", "client_encoding": "CLIENTENCODING"}


def _check_files(database: psycopg.Connection[Any], stored: Path | None, report: Report) -> None:
    """Look for every file that a row names; compare with the portal's own where they lie elsewhere.

    A file that the portal has deleted since the backup is compared with nothing.
    """
    for name in _file_names(database):
        try:
            size = (stored / name).stat().st_size if stored else files.storage().size(name)
        except FileNotFoundError:
            report.missing_files.append(name)
            continue
        report.files += 1
        report.file_bytes += size
        if stored and (own := _own_digest(name)) and own != _digest(stored / name):
            report.damaged_files.append(name)


def _file_names(database: psycopg.Connection[Any]) -> Iterator[str]:
    for model in apps.get_models():
        for column in [str(each.column) for each in model._meta.concrete_fields if isinstance(each, FileField)]:
            query = sql.SQL("SELECT {0} FROM {1} WHERE {0} <> ''")
            named = query.format(sql.Identifier(column), sql.Identifier(model._meta.db_table))
            yield from (name for (name,) in database.execute(named))


def _own_digest(name: str) -> bytes | None:
    """Of the portal's own file; None where it is deleted."""
    digest = hashlib.sha256()
    try:
        content, _size = files.storage().stream(name)
    except FileNotFoundError:
        return None
    with content:
        while chunk := content.read(1024 * 1024):
            digest.update(chunk)
    return digest.digest()


def _digest(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()
