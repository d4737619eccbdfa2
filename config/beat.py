"""Beat's timetable: for several machines, and for a clock that may be set back (decision 86)."""

import datetime as dt
import logging
from contextlib import suppress
from typing import Any

import redis
from celery.beat import PersistentScheduler
from redis.exceptions import LockError, RedisError
from redis.lock import Lock

log = logging.getLogger(__name__)
MOST_AHEAD = dt.timedelta(seconds=5)
DUTY_SECONDS = 20  # whoever was on duty and has been silent so long is replaced
LOOK_SECONDS = 5  # between two looks at the lock


class Scheduler(PersistentScheduler):
    """On each machine runs one; the one that holds the lock in Redis is on duty, the others stand by.

    When the last runs were stands in Redis too: who takes over does not repeat them, and makes up for what was missed.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self.is_on_duty = False
        super().__init__(*arguments, **options)

    def setup_schedule(self) -> None:
        from django.conf import settings  # not before: this module is read without them

        super().setup_schedule()
        self._redis: Any = redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2)
        prefix = settings.CACHES["default"]["KEY_PREFIX"]
        self._last_runs = f"{prefix}:beat:last-runs"
        self._lock = Lock(self._redis, f"{prefix}:beat:duty", timeout=DUTY_SECONDS, blocking=False, thread_local=False)

    def tick(self, *arguments: Any, **options: Any) -> float:
        if not self._take_duty():
            return LOOK_SECONDS
        self._leave_no_run_ahead()
        return min(super().tick(*arguments, **options), LOOK_SECONDS)

    def apply_entry(self, entry: Any, producer: Any = None) -> None:
        super().apply_entry(entry, producer=producer)
        with suppress(RedisError):
            self._redis.hset(self._last_runs, entry.name, self.schedule[entry.name].last_run_at.isoformat())

    def close(self) -> None:
        """Hand the duty over at once. A beat that is killed is replaced after DUTY_SECONDS."""
        super().close()
        with suppress(LockError, RedisError):
            if self.is_on_duty:
                self._lock.release()
        self.is_on_duty = False

    def _take_duty(self) -> bool:
        """Keep the lock, or try to get it. Without Redis nobody is on duty: nothing could be sent either."""
        was_on_duty, self.is_on_duty = self.is_on_duty, False
        try:
            self.is_on_duty = (was_on_duty and self._is_kept()) or self._lock.acquire()
            if self.is_on_duty and not was_on_duty:
                self._take_over()
        except RedisError as error:
            self.is_on_duty = False
            log.warning("Redis does not answer, so nothing is sent: %s", error)
        if was_on_duty and not self.is_on_duty:
            log.warning("Another beat is on duty now, or Redis is away")
        return self.is_on_duty

    def _is_kept(self) -> bool:
        try:
            return bool(self._lock.reacquire())
        except LockError:  # this process stood still for too long, or Redis has forgotten everything
            return False

    def _take_over(self) -> None:
        log.warning("On duty: this beat sends the timed work from now on")
        known = self._redis.hgetall(self._last_runs)
        for name, entry in self.schedule.items():
            if name.encode() in known:
                entry.last_run_at = max(entry.last_run_at, dt.datetime.fromisoformat(known[name.encode()].decode()))
        self._heap = None  # the times in it are older

    def _leave_no_run_ahead(self) -> None:
        """Celery's own waits after the clock was set back until it shows again the time of the last runs, for hours if
        need be: nothing would be swept until then. Runs that lie ahead count as of now.
        """
        now = self.app.now()
        ahead = [entry for entry in self.schedule.values() if entry.last_run_at > now + MOST_AHEAD]
        for entry in ahead:
            entry.last_run_at = now
        if ahead:
            self._heap = None  # the times in it lie ahead too
