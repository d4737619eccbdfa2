"""The PostgreSQL and Redis that are installed with the environment, for development and first use.

They run while a process uses them. Every process that calls `start` holds a shared lock on one file
until it ends. The kernel releases the lock, also after kill -9. A small keeper process waits until
all locks are released, waits LINGER_SECONDS for the next command, and stops both servers.
"""

import atexit
import contextlib
import fcntl
import functools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from launch import environment
from launch.data_folder import CHECKOUT, DataFolder, check_free_space, prepare_data_folder
from launch.servers import OWNER, WEB, WORKER, Postgres, Redis, detach

# How long an unused pair of servers waits for the next command before it stops.
LINGER_SECONDS = environment.number("TUCAI_LINGER_SECONDS", 10, least=0, most=3600)


@dataclass(frozen=True)
class Services:
    """The addresses of the running services. The roles of the web and of the workers only read and
    write rows; that of the workers may do so for the system too. The role of `owner_database_url` owns
    the database, migrates it, and may make the tests' databases.
    """

    web_database_url: str
    worker_database_url: str
    owner_database_url: str
    redis_url: str


@functools.cache
def start() -> Services:
    """Start the servers that do not run yet, and use them until this process ends.

    Takes some milliseconds when both run, several seconds the very first time. Raises ServiceError.
    """
    data_folder = prepare_data_folder()
    postgres, redis = Postgres(data_folder), Redis(data_folder)
    with _lock(data_folder.path, "starting"):
        _hold(data_folder.path)
        for server in (postgres, redis):
            if not server.is_running():
                check_free_space(data_folder.path)
                server.start()
        _start_keeper(data_folder)
    return Services(
        web_database_url=postgres.url(WEB),
        worker_database_url=postgres.url(WORKER),
        owner_database_url=postgres.url(OWNER),
        redis_url=redis.url,
    )


def stop_if_unused() -> bool:
    """Stop both services unless another process uses them. True when they were stopped."""
    data_folder = prepare_data_folder()
    with _lock(data_folder.path, "starting"):
        if not _stop_if_unused(data_folder):
            return False
        _dismiss_keeper(data_folder.path)
        return True


def _stop_if_unused(data_folder: DataFolder) -> bool:
    with _users_file(data_folder.path) as users:
        try:
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        Redis(data_folder).stop()
        Postgres(data_folder).stop()
        return True


def release() -> None:
    """Stop using the services before this process ends."""
    for file in _held:
        file.close()
    _held.clear()
    start.cache_clear()


def keep() -> None:
    """The whole life of the keeper: wait until nobody uses the services, then stop them."""
    data_folder = prepare_data_folder()
    with _keeper_file(data_folder.path) as keeper, contextlib.suppress(BlockingIOError):
        fcntl.flock(keeper, fcntl.LOCK_EX | fcntl.LOCK_NB)
        keeper.truncate(0)
        keeper.write(str(os.getpid()).encode())
        keeper.flush()
        while not keeper.closed:
            _wait_until_unused(data_folder.path)
            with _lock(data_folder.path, "starting"):
                if _stop_if_unused(data_folder):
                    # Release this lock before the starting lock: the next process must see that there
                    # is no keeper.
                    keeper.close()


def _wait_until_unused(folder: Path) -> None:
    with _users_file(folder) as users:
        fcntl.flock(users, fcntl.LOCK_EX)
    time.sleep(LINGER_SECONDS)


_held: list[BinaryIO] = []


def _hold(folder: Path) -> None:
    """Take the shared lock for the rest of this process's life. Children made by fork share it."""
    users = _users_file(folder)
    fcntl.flock(users, fcntl.LOCK_SH)
    _held.append(users)
    atexit.register(users.close)


def _users_file(folder: Path) -> BinaryIO:
    return (folder / "users.lock").open("ab")


def _keeper_file(folder: Path) -> BinaryIO:
    return (folder / "keeper.lock").open("ab")


@contextlib.contextmanager
def _lock(folder: Path, name: str) -> Iterator[None]:
    with (folder / f"{name}.lock").open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _dismiss_keeper(folder: Path) -> None:
    """End the keeper; its servers are stopped."""
    if not _has_keeper(folder):
        return
    with contextlib.suppress(OSError, ValueError):
        os.kill(int((folder / "keeper.lock").read_text()), signal.SIGTERM)


def _has_keeper(folder: Path) -> bool:
    with _keeper_file(folder) as keeper:
        try:
            fcntl.flock(keeper, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _start_keeper(data_folder: DataFolder) -> None:
    if _has_keeper(data_folder.path):
        return
    keeper = subprocess.Popen(
        [sys.executable, "-m", "launch.embedded_services"],
        cwd=CHECKOUT,
        env=os.environ | {"TUCAI_DATA": str(data_folder.path)},
        start_new_session=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    detach(keeper)


if __name__ == "__main__":
    keep()
