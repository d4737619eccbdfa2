"""The page of the operator: how the machine and its servers are."""

import datetime as dt
from typing import Any

import celery
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from portal.access import center_page
from portal.background import health, jobs
from portal.watching import alarms, signs, versions

SHOWN = 10  # failed jobs
WORKERS_ANSWER = 1.0  # seconds


@require_GET
@center_page(may="operation.see")
def operation_page(request: Any) -> HttpResponse:
    found = signs.look()
    watched = alarms.watched_at()
    failed = jobs.failed_for(request.membership)
    shown = list(failed[:SHOWN])
    for job in shown:
        job.label = jobs.label_of(job.kind)
    context = {
        "signs": found,
        "wrong": [sign for sign in found if sign.is_wrong],
        "incidents": _incidents(),
        "watched_at": _moment(watched) if watched else None,
        "is_watch_late": watched is None or timezone.now().timestamp() - watched > health.SILENT_SECONDS,
        "failed": shown,
        "failed_number": failed.count(),
        "sweeps": _sweeps(),
        "versions": versions.read(),
    }
    return render(request, "portal/operation.html", context)


@require_GET
@center_page(may="operation.see")
def workers(request: Any) -> HttpResponse:
    """The workers that answer within a second; asked apart, so that the page does not wait for it."""
    try:
        found = celery.current_app.control.inspect(timeout=WORKERS_ANSWER).active_queues() or {}
    except (OperationalError, RedisError, OSError):
        found = {}
    rows = [(name, sorted(queue["name"] for queue in queues)) for name, queues in sorted(found.items())]
    return render(request, "portal/operation.html#workers", {"workers": rows})


def _sweeps() -> list[dict[str, Any]]:
    try:
        found = health.sweeps()
    except RedisError:
        return []
    return [
        {"name": health.SWEEPS[name], "at": _moment(at), "found": number, "all": total}
        for name, (at, number, total) in found.items()
    ]


def _incidents() -> list[dict[str, Any]]:
    return [
        {"label": each.label, "says": each.says, "since": _moment(each.since), "is_over": bool(each.well_since)}
        for each in alarms.told().values()
    ]


def _moment(at: float) -> dt.datetime:
    return dt.datetime.fromtimestamp(at, tz=dt.UTC)
