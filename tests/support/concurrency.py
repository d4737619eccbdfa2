"""Calls that run at the same time, each on a connection of its own."""

import threading
from collections.abc import Callable

from django.db import connection

from portal.tenancy import system_scope


def at_once(*calls: Callable[[], object]) -> list[object]:
    """Every call in a thread and connection of its own; what each returned or raised."""
    barrier, results = threading.Barrier(len(calls)), [None] * len(calls)

    def run(place: int) -> None:
        try:
            with system_scope():
                barrier.wait()
                results[place] = calls[place]()
        except Exception as error:  # noqa: BLE001 it is looked at by the test
            results[place] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results
