"""A Redis that takes connections and says nothing."""

import socket

import pytest
from redis.exceptions import RedisError

from portal.background import queue, redis_cache


@pytest.fixture
def silent(monkeypatch):
    """The server's socket, and a cache that waits a tenth of a second for it."""
    monkeypatch.setattr(redis_cache, "_silent", {"until": 0.0})
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        options = {"socket_timeout": 0.1, "socket_connect_timeout": 0.1}
        yield server, redis_cache.Cache(f"redis://127.0.0.1:{server.getsockname()[1]}/0", {"OPTIONS": options})


def test_one_waits_for_a_silent_redis_and_the_next_do_not(silent, monkeypatch, caplog):
    server, cache = silent
    for _use in range(3):
        with pytest.raises(RedisError):
            cache.get("x")
    server.accept()[0].close()
    with pytest.raises(TimeoutError):  # nobody tried again
        server.accept()
    queue.send("capture.tasks.judge_photos")
    assert "waits for the sweep" in caplog.text
    redis_cache._silent["until"] = 0.0
    with pytest.raises(RedisError):
        cache.set("x", 1)
    server.accept()[0].close()
