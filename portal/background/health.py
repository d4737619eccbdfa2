"""How the product is, for a monitor: /health/live and /health/ready.

A stranger reads one word. Whoever sends HEALTH_TOKEN reads what is wrong as JSON. Answered before anything else of a
request, so that a lost database or Redis is told and not stumbled over.
"""

import hmac
import logging
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple

from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError, connection
from django.db.models import Count, Min, QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy
from redis.exceptions import RedisError

from portal import files
from portal.models import Job

log = logging.getLogger(__name__)
NOTED = "health"  # the key in the cache: what the last sweep has noted
FULL_BYTES = 400 * 1024 * 1024  # below, the product does not start either
LOW_SHARE = 0.1  # of the disk, free
SILENT_SECONDS = 300  # after so long without a sweep the timetable or its worker is dead
BACKUP_DONE = "backup-done"  # in the data folder: deploy/backup.sh touches it
SWEEPS = {
    "jobs": gettext_lazy("Long work"),
    "deliveries": gettext_lazy("Letters and text messages"),
    "photos": gettext_lazy("Photos to be judged"),
}
OLD_SECONDS = 60  # what waits longer in a queue is late
Rows = Callable[[], QuerySet[Any]]
_QUEUES: dict[str, tuple[Any, str, Rows]] = {}


class Waiting(NamedTuple):
    """What waits in a queue: how many rows, and since how many seconds the oldest."""

    name: str
    label: Any
    number: int
    seconds: float


def queue(name: str, *, label: Any, since: str) -> Callable[[Rows], Rows]:
    """Register a function that gives the rows which wait in a queue; `since` is the field of the time. It is asked in a
    scope that sees every school.
    """

    def register(function: Rows) -> Rows:
        _QUEUES[name] = (label, since, function)
        return function

    return register


@queue("jobs", label=gettext_lazy("Long work that waits"), since="queued_at")
def _waiting_jobs() -> QuerySet[Any]:
    return Job.objects.filter(status=Job.Status.QUEUED)


def queues() -> list[Waiting]:
    now, found = timezone.now(), []
    for name, (label, since, rows) in _QUEUES.items():
        oldest = rows().order_by().aggregate(number=Count("pk"), oldest=Min(since))
        seconds = (now - oldest["oldest"]).total_seconds() if oldest["number"] else 0.0
        found.append(Waiting(name, label, oldest["number"], seconds))
    return found


Figures = list[tuple[dict[str, str], float]]
_FIGURES: dict[str, tuple[str, Callable[[], Figures]]] = {}


def figure(name: str, meaning: str) -> Callable[[Callable[[], Figures]], Callable[[], Figures]]:
    """Register a function that gives the figures of one metric, each with its labels. It is asked by the sweep.

    `meaning`: what a monitor reads beside it, in English.
    """

    def register(function: Callable[[], Figures]) -> Callable[[], Figures]:
        _FIGURES[name] = (meaning, function)
        return function

    return register


def note() -> None:
    """By the sweep: that there was one, and what it found waiting."""
    now = time.time()
    waiting = {each.name: (each.number, now - each.seconds) for each in queues() if each.number}
    cache.set(
        NOTED,
        {
            "at": now,
            "waiting": waiting,
            "files": files.storage().problem(),
            "metrics": {name: (meaning, read()) for name, (meaning, read) in _FIGURES.items()},
        },
        timeout=None,
    )


def note_sweep(name: str, found: int) -> None:
    """By each sweep: how much lost work it has queued again."""
    with suppress(RedisError, ValueError):  # ValueError: Redis was emptied in between
        cache.set(f"{NOTED}:sweep:{name}", (time.time(), found), timeout=None)
        cache.add(f"{NOTED}:swept:{name}", 0, timeout=None)
        cache.incr(f"{NOTED}:swept:{name}", found)


def sweeps() -> dict[str, tuple[float, int, int]]:
    """{name: (when the last one was, what it queued again, what all have)}."""
    noted = cache.get_many([f"{NOTED}:{part}:{name}" for part in ("sweep", "swept") for name in SWEEPS])
    return {
        name: (*noted[f"{NOTED}:sweep:{name}"], noted.get(f"{NOTED}:swept:{name}", 0))
        for name in SWEEPS
        if f"{NOTED}:sweep:{name}" in noted
    }


def noted() -> dict[str, Any]:
    """What the last sweep has noted; empty: none has, or only one of another release. Raises RedisError."""
    found = cache.get(NOTED) or {}
    return found if {"at", "waiting", "metrics"} <= found.keys() else {}


def queue_names() -> list[str]:
    return list(_QUEUES)


def state() -> dict[str, Any]:
    """{"ready", "wrong", and a figure for each thing that was looked at}. Ready: pages can be answered."""
    wrong: list[str] = []
    try:
        connection.ensure_connection()
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        log.warning("The database does not answer: %s", error)
        wrong.append("database")
    last: dict[str, Any] = {}
    try:
        last = noted()
    except (RedisError, OSError) as error:
        log.warning("Redis does not answer: %s", error)
        wrong.append("redis")
    disk = shutil.disk_usage(settings.DATA_DIR)
    if disk.free < FULL_BYTES:
        wrong.append("disk")
    found: dict[str, Any] = {"ready": not wrong, "wrong": wrong, "disk_free": round(disk.free / disk.total, 3)}
    found["backup_age"] = _age_of_backup()
    if disk.free < LOW_SHARE * disk.total and "disk" not in wrong:
        wrong.append("disk")
    if "redis" in wrong:
        return found
    now = time.time()
    found["seconds_since_sweep"] = round(now - last["at"]) if last else None
    found["seconds_waiting"] = {name: round(now - since) for name, (_number, since) in last.get("waiting", {}).items()}
    if last.get("files"):
        wrong.append("files")
    if not last or now - last["at"] > SILENT_SECONDS:
        wrong.append("timetable")
    wrong.extend(f"queue {name}" for name, seconds in found["seconds_waiting"].items() if seconds > OLD_SECONDS)
    return found


def _age_of_backup() -> float | None:
    """Seconds since deploy/backup.sh has ended well; None: never."""
    try:
        return round(time.time() - (settings.DATA_DIR / BACKUP_DONE).stat().st_mtime)
    except OSError:
        return None


class HealthAnswers:
    """Behind `ScopeMiddleware` and before all others."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info == "/health/live":
            return _answer("live", 200)
        if request.path_info != "/health/ready":
            return self.get_response(request)
        found = state()
        status = 200 if found["ready"] else 503
        if not is_monitor(request):
            return _answer("ready" if found["ready"] else "unready", status)
        return JsonResponse(found, status=status, headers={"Cache-Control": "no-store"})


def _answer(word: str, status: int) -> HttpResponse:
    return HttpResponse(word, status=status, content_type="text/plain", headers={"Cache-Control": "no-store"})


def is_monitor(request: HttpRequest) -> bool:
    sent = request.headers.get("Authorization", "").removeprefix("Bearer ")
    return bool(settings.HEALTH_TOKEN) and hmac.compare_digest(sent.encode(), settings.HEALTH_TOKEN.encode())
