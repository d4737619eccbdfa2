"""Which versions run here, for the page of the operator and for whoever asks for help."""

import platform
import subprocess
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from typing import Any

from django.conf import settings
from django.core.cache import cache as redis_cache
from django.db import DatabaseError, connection
from redis.exceptions import RedisError

PACKAGES = ("django", "celery", "waitress", "mediapipe")


def read() -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = [("Tucai", _commit()), ("Python", platform.python_version())]
    try:
        with connection.cursor() as cursor:
            cursor.execute("SHOW server_version")
            found.append(("PostgreSQL", cursor.fetchone()[0]))
    except DatabaseError:
        found.append(("PostgreSQL", "–"))
    found.append(("Redis", _redis()))
    return found + [(name, version(name)) for name in PACKAGES]


@cache
def _commit() -> str:
    """Of the checkout that runs: deploy/install.sh writes it down, as the service cannot read .git."""
    with suppress(OSError):
        return (settings.DATA_DIR / "version").read_text().strip() or "–"
    try:
        done = subprocess.run(
            ["git", "log", "-1", "--format=%h, %cs"],
            cwd=settings.BASE_DIR,
            capture_output=True,
            text=True,
            timeout=5,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return "–"
    return done.stdout.strip() or "–"


def _redis() -> str:
    client: Any = getattr(redis_cache, "_cache").get_client()  # noqa: B009  (Django's cache says it nowhere else)
    try:
        return str(client.info("server")["redis_version"])
    except RedisError:
        return "–"
