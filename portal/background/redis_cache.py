"""Django's cache in Redis, for a Redis that hangs: one request waits for it, and in the seconds after that nobody does."""

import time
from typing import Any

import redis
from django.core.cache.backends.redis import RedisCache, RedisCacheClient
from redis.exceptions import ConnectionError, TimeoutError

AWAY_SECONDS = 5.0
_silent = {"until": 0.0}


def is_silent() -> bool:
    """Whether Redis lately did not answer in time."""
    return time.monotonic() < _silent["until"]


class Client(redis.Redis):
    def execute_command(self, *args: Any, **options: Any) -> Any:
        if is_silent():
            raise ConnectionError("Redis did not answer a moment ago")
        try:
            return super().execute_command(*args, **options)
        except TimeoutError:
            _silent["until"] = time.monotonic() + AWAY_SECONDS
            raise


class CacheClient(RedisCacheClient):
    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._client = Client


class Cache(RedisCache):
    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._class = CacheClient
