"""The nightly check of the history: each line genuine, none missing. Its report is the result of a job."""

from itertools import islice

from django.utils.translation import gettext_lazy

from portal import history
from portal.background import jobs
from portal.history import checkpoints
from portal.models import Event, Job

KIND = "history_check"
MOST_NAMED = 20


def start() -> Job:
    return jobs.create(KIND, by=history.SYSTEM)


@jobs.handler(KIND, label=gettext_lazy("Check of the history"), queue="build")
def run(job: Job) -> None:
    found = list(islice(checkpoints.faults(), 1000))
    job.result = {
        "lines": Event.objects.count(),
        "faults": len(found),
        "first": [vars(fault) for fault in found[:MOST_NAMED]],
    }


def last_report() -> Job | None:
    return Job.objects.filter(kind=KIND, status=Job.Status.DONE).order_by("-pk").first()
