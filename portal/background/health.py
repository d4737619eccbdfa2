"""How the product is, for a monitor: /health/live and /health/ready.

A stranger reads one word. Whoever sends HEALTH_TOKEN reads what is wrong as JSON. Answered before anything else of a
request, so that a lost database or Redis is told and not stumbled over.
"""

import datetime as dt
import hmac
import logging
import shutil
import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from redis.exceptions import RedisError

from portal.models import Job

log = logging.getLogger(__name__)
NOTED = "health"  # the key in the cache: what the last sweep has noted
FULL_BYTES = 400 * 1024 * 1024  # below, the product does not start either
LOW_SHARE = 0.1  # of the disk, free
SILENT_SECONDS = 300  # after so long without a sweep the timetable or its worker is dead
OLD_SECONDS = 60  # what waits longer in a queue is late
Oldest = Callable[[], dt.datetime | None]
_QUEUES: dict[str, Oldest] = {}


def queue(name: str) -> Callable[[Oldest], Oldest]:
    """Register a function that gives since when the oldest row of a queue waits; None: none does. It is asked by the
    sweep, as the system.
    """

    def register(function: Oldest) -> Oldest:
        _QUEUES[name] = function
        return function

    return register


@queue("jobs")
def _oldest_job() -> dt.datetime | None:
    return (
        Job.objects.filter(status=Job.Status.QUEUED).order_by("created_at").values_list("created_at", flat=True).first()
    )


def note() -> None:
    """By the sweep: that there was one, and what it found waiting."""
    oldest = {name: found.timestamp() for name, ask in _QUEUES.items() if (found := ask())}
    cache.set(NOTED, {"at": time.time(), "oldest": oldest}, timeout=None)


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
    noted: dict[str, Any] = {}
    try:
        noted = cache.get(NOTED) or {}
    except (RedisError, OSError) as error:
        log.warning("Redis does not answer: %s", error)
        wrong.append("redis")
    disk = shutil.disk_usage(settings.DATA_DIR)
    if disk.free < FULL_BYTES:
        wrong.append("disk")
    found: dict[str, Any] = {"ready": not wrong, "wrong": wrong, "disk_free": round(disk.free / disk.total, 3)}
    if disk.free < LOW_SHARE * disk.total and "disk" not in wrong:
        wrong.append("disk")
    if "redis" in wrong:
        return found
    now = time.time()
    found["seconds_since_sweep"] = round(now - noted["at"]) if noted else None
    found["seconds_waiting"] = {name: round(now - since) for name, since in noted.get("oldest", {}).items()}
    if not noted or now - noted["at"] > SILENT_SECONDS:
        wrong.append("timetable")
    wrong.extend(f"queue {name}" for name, seconds in found["seconds_waiting"].items() if seconds > OLD_SECONDS)
    return found


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
        if not _is_monitor(request):
            return _answer("ready" if found["ready"] else "unready", status)
        return JsonResponse(found, status=status, headers={"Cache-Control": "no-store"})


def _answer(word: str, status: int) -> HttpResponse:
    return HttpResponse(word, status=status, content_type="text/plain", headers={"Cache-Control": "no-store"})


def _is_monitor(request: HttpRequest) -> bool:
    sent = request.headers.get("Authorization", "").removeprefix("Bearer ")
    return bool(settings.HEALTH_TOKEN) and hmac.compare_digest(sent.encode(), settings.HEALTH_TOKEN.encode())
