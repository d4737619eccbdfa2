"""Alarms to the operators by mail: one when something goes wrong, one when it is over.

`manage.py watch` calls this every minute, started by systemd and not by beat: it needs neither beat nor Redis nor the database. What
it has told stands in a file of the data folder, which is overwritten in its place, so that a full disk takes it too.
"""

import json
import logging
import os
import socket
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.utils.translation import gettext as _

from portal.watching.signs import Sign, duration

log = logging.getLogger(__name__)
FILE = "watch.json"
FILE_BYTES = 16 * 1024
OVER_SECONDS = 300  # so long all must be well before it is told that it is over: what comes and goes is one incident
AGAIN_SECONDS = 24 * 3600  # what is still wrong is told again


@dataclass
class Incident:
    """`told_at`: when the operators were last told of it; 0: not yet. `well_since`: 0 while it is wrong."""

    since: float
    says: str
    label: str
    told_at: float = 0
    well_since: float = 0


@dataclass
class News:
    began: list[Sign] = field(default_factory=list)
    goes_on: list[Sign] = field(default_factory=list)
    over: list[Incident] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.began or self.goes_on or self.over)


def watch(signs: list[Sign], *, now: float | None = None) -> News:
    """Compare with what was told, mail what is new, and keep it. Raises OSError or SMTPException when the mail is not taken;
    then the next call tries again.
    """
    at = time.time() if now is None else now
    known = told()
    news = _news(signs, known, at)
    try:
        if news and settings.OPERATOR_EMAILS:
            mail(news, known)
        for sign in (*news.began, *news.goes_on):
            known[sign.name].told_at = at
        for name in [name for name, incident in known.items() if incident in news.over]:
            del known[name]
    finally:
        _keep(known, at)
    return news


def _news(signs: list[Sign], known: dict[str, Incident], at: float) -> News:
    news = News()
    for sign in signs:
        incident = known.get(sign.name)
        if sign.is_wrong:
            if incident is None:
                incident = known[sign.name] = Incident(at, sign.says, sign.label)
            incident.says, incident.well_since = sign.says, 0
            if not incident.told_at:
                news.began.append(sign)
            elif at - incident.told_at >= AGAIN_SECONDS:
                news.goes_on.append(sign)
        elif incident is not None:
            incident.well_since = incident.well_since or at
            if not incident.told_at:  # the mail server took no mail of it, and it is over
                del known[sign.name]
            elif at - incident.well_since >= OVER_SECONDS:
                news.over.append(incident)
    return news


def mail(news: News, known: dict[str, Incident]) -> None:
    """One mail for all that is new."""
    wrong = [*news.began, *news.goes_on]
    names = ", ".join([sign.label for sign in wrong] or [incident.label for incident in news.over])
    subject = _("Tucai: %(names)s") if wrong else _("Tucai: over: %(names)s")
    lines = [_("Machine: %(host)s") % {"host": socket.gethostname()}, f"{settings.SITE_URL}/center/operation/", ""]
    for sign in wrong:
        lines += [f"{sign.label}: {sign.says}", f"    {sign.advice}", ""]
    for incident in news.over:
        lasted = duration(incident.well_since - incident.since)
        lines += [_("%(name)s: over, after %(lasted)s") % {"name": incident.label, "lasted": lasted}, ""]
    still = [incident for incident in known.values() if incident.told_at and not incident.well_since]
    if still:
        lines += [_("Known and still wrong: %(names)s") % {"names": ", ".join(each.label for each in still)}]
    EmailMessage(subject % {"names": names}, "\n".join(lines), to=settings.OPERATOR_EMAILS).send()


def told() -> dict[str, Incident]:
    """{name of the sign: its incident}, of those that are not over."""
    return {name: Incident(**values) for name, values in _file().get("incidents", {}).items()}


def watched_at() -> float | None:
    """When `manage.py watch` was here last."""
    at: float | None = _file().get("at")
    return at


def _file() -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads(_path().read_text())
    except (OSError, ValueError):
        return {}
    return content


def _path() -> Path:
    return Path(settings.DATA_DIR) / FILE


def _keep(known: dict[str, Incident], at: float) -> None:
    """Over the old content, filled up with spaces: the blocks of the disk are there already."""
    content = json.dumps({"at": at, "incidents": {name: vars(each) for name, each in known.items()}}).encode()
    file = os.open(_path(), os.O_WRONLY | os.O_CREAT, 0o640)
    try:
        os.pwrite(file, content.ljust(FILE_BYTES), 0)
    finally:
        os.close(file)
