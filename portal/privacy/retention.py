"""How long personal data is kept: one table of rules, one sweep a night, one page.

A room registers what it keeps, in its `registration.py`:

    retention.register("looks", _("Who looked at data of students"), setting="KEEP_LOOKS_DAYS", due=due, delete=delete)

`due(before)` counts what is older than a moment, `delete(before)` deletes it and returns how many. The
job of the night writes its report into its result; the page shows rules and report.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext_lazy

from portal import history
from portal.background import jobs
from portal.models import Job

KIND = "retention"


@dataclass(frozen=True)
class Rule:
    """`setting` is the name of the days in the settings; 0 days: kept for ever."""

    name: str
    label: Any
    setting: str
    due: Callable[[dt.datetime], int]
    delete: Callable[[dt.datetime], int]

    @property
    def days(self) -> int:
        days: int = getattr(settings, self.setting)
        return days

    @property
    def before(self) -> dt.datetime | None:
        return timezone.now() - dt.timedelta(days=self.days) if self.days else None


RULES: dict[str, Rule] = {}


def register(
    name: str, label: Any, *, setting: str, due: Callable[[dt.datetime], int], delete: Callable[[dt.datetime], int]
) -> None:
    if name in RULES:
        raise ValueError(f"The rule {name} is registered twice.")
    RULES[name] = Rule(name, label, setting, due, delete)


def start() -> Job:
    """The job of the night."""
    return jobs.create(KIND, by=history.SYSTEM, total=len(RULES))


@jobs.handler(KIND, label=gettext_lazy("Deleting what is kept long enough"))
def run(job: Job) -> None:
    deleted: dict[str, int] = {}
    for done, rule in enumerate(RULES.values(), start=1):
        if rule.before is not None:
            deleted[rule.name] = rule.delete(rule.before)
        jobs.progress(job, done)
    job.result = {"deleted": deleted}
    history.record("job.data_deleted", job, by=history.SYSTEM, facts={name: n for name, n in deleted.items() if n})


def last_report() -> Job | None:
    return Job.objects.filter(kind=KIND, status=Job.Status.DONE).order_by("-pk").first()
