"""Beat's timetable, for a clock that may be set back."""

import datetime as dt
from typing import Any

from celery.beat import PersistentScheduler

MOST_AHEAD = dt.timedelta(seconds=5)


class Scheduler(PersistentScheduler):
    """Celery's own waits after the clock was set back until it shows again the time of the last runs, for hours if need be:
    nothing would be swept until then. Runs that lie ahead count as of now.
    """

    def tick(self, *arguments: Any, **options: Any) -> float:
        now = self.app.now()
        ahead = [entry for entry in self.schedule.values() if entry.last_run_at > now + MOST_AHEAD]
        for entry in ahead:
            entry.last_run_at = now
        if ahead:
            self._heap = None  # the times in it lie ahead too
        return super().tick(*arguments, **options)
