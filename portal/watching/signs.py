"""The signs that an operator looks at. The page of the operator shows them, `manage.py watch` raises an alarm for those that
are wrong.

A room registers what it knows:

    @signs.register("ledger", label=gettext_lazy("Ledger"), advice=gettext_lazy("Run manage.py check_ledger."))
    def _ledger() -> Found: ...

The function is called in a scope that sees every school, and only while the database answers.
"""

import datetime as dt
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.conf import settings
from django.db import DatabaseError
from django.utils import timezone
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from portal.background import health

log = logging.getLogger(__name__)
DAY = dt.timedelta(hours=26)  # what happens every night is late after so long


class Found(NamedTuple):
    is_wrong: bool
    says: str


@dataclass(frozen=True)
class Sign:
    name: str
    label: str
    is_wrong: bool
    says: str
    advice: str


@dataclass(frozen=True)
class _Kind:
    label: Any
    advice: Any
    find: Callable[[], Found]


_KINDS: dict[str, _Kind] = {}


def register(name: str, *, label: Any, advice: Any) -> Callable[[Callable[[], Found]], Callable[[], Found]]:
    def keep(find: Callable[[], Found]) -> Callable[[], Found]:
        _KINDS[name] = _Kind(label, advice, find)
        return find

    return keep


def look() -> list[Sign]:
    """All signs, those of the machine first."""
    found = health.state()
    signs = [
        _servers("database", _("Database"), _("PostgreSQL: is it running, and its disk not full?"), found),
        _servers("redis", _("Redis"), _("Redis: is it running, and its disk not full?"), found),
        _disk(found),
        _timetable(found),
    ]
    if found["backup_age"] is not None or not settings.IS_LOCAL:
        signs.append(_backup(found["backup_age"]))
    if "database" in found["wrong"]:
        return signs
    return [*signs, *map(_queue, health.queues()), *map(_registered, _KINDS)]


def _servers(name: str, label: str, advice: str, found: dict[str, Any]) -> Sign:
    is_wrong = name in found["wrong"]
    return Sign(name, label, is_wrong, _("does not answer") if is_wrong else _("answers"), advice)


def _disk(found: dict[str, Any]) -> Sign:
    says = _("%(percent)d %% free") % {"percent": 100 * found["disk_free"]}
    return Sign(
        "disk",
        _("Disk"),
        "disk" in found["wrong"],
        says,
        _("Free space on the disk of the data folder, or enlarge it."),
    )


def _timetable(found: dict[str, Any]) -> Sign:
    seconds = found.get("seconds_since_sweep")
    says = _("no sweep is known") if seconds is None else _("last sweep %(ago)s ago") % {"ago": duration(seconds)}
    return Sign(
        "timetable",
        _("Timed work"),
        "timetable" in found["wrong"],
        says,
        _("Is tucai-beat running, once, and a worker of the queue “default”?"),
    )


def _backup(age: float | None) -> Sign:
    says = _("there is none") if age is None else _("%(ago)s ago") % {"ago": duration(age)}
    is_late = age is None or age > DAY.total_seconds()
    return Sign("backup", _("Last backup"), is_late, says, _("Read the reason: journalctl -u tucai-backup"))


def _queue(waiting: health.Waiting) -> Sign:
    seconds = waiting.seconds
    says = ngettext("%(n)d waits", "%(n)d wait", waiting.number) % {"n": waiting.number}
    if waiting.number:
        says = _("%(waiting)s, the oldest since %(ago)s") % {"waiting": says, "ago": duration(seconds)}
    return Sign(
        f"queue {waiting.name}",
        str(waiting.label),
        seconds > health.OLD_SECONDS,
        says,
        _("Do the workers run (tucai-worker@photos, tucai-worker@builds)? If they do, the machine is too small."),
    )


def _registered(name: str) -> Sign:
    kind = _KINDS[name]
    try:
        found = kind.find()
    except DatabaseError as error:
        log.warning("The sign %s cannot be read: %s", name, error)
        found = Found(True, _("cannot be read"))
    return Sign(name, str(kind.label), found.is_wrong, found.says, str(kind.advice))


def proof(at: dt.datetime | None, faults: int) -> Found:
    """Of something that is proved every night. `at`: when it last was."""
    if at is None:
        return Found(False, _("not proved yet"))
    age = timezone.now() - at
    ago = {"ago": duration(age.total_seconds())}
    if faults:
        said = ngettext("%(n)d fault, found %(ago)s ago", "%(n)d faults, found %(ago)s ago", faults)
        return Found(True, said % ({"n": faults} | ago))
    return Found(age > DAY, _("right, proved %(ago)s ago") % ago)


def duration(seconds: float) -> str:
    """In words, in the largest unit."""
    if seconds < 120:
        return ngettext("%(n)d second", "%(n)d seconds", int(seconds)) % {"n": int(seconds)}
    now = timezone.now()
    return timesince(now - dt.timedelta(seconds=seconds), now, depth=1)
