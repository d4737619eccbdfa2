"""How many threads may be busy with strangers' files."""

import threading
from contextlib import ExitStack

import pytest
from django.conf import settings

from portal.untrusted import brake
from portal.untrusted.brake import Brake, Busy


def test_whoever_finds_the_places_taken_is_told_at_once():
    one = Brake(at_once=1, inside=1, seconds=60)
    with one.held(), pytest.raises(Busy) as told:
        one.held().__enter__()
    assert (told.value.status, int(told.value.headers["Retry-After"]) > 0) == (503, True)
    with one.held():
        pass  # the place is free again


def test_one_may_wait_and_goes_on_when_the_place_is_free():
    one, begun, done = Brake(at_once=1, inside=2, seconds=60), threading.Event(), []

    def wait() -> None:
        begun.set()
        with one.held():
            done.append("second")

    with one.held():
        waiting = threading.Thread(target=wait)
        waiting.start()
        begun.wait()
        done.append("first")
    waiting.join()
    assert done == ["first", "second"]


def test_waiting_has_an_end():
    one = Brake(at_once=1, inside=2, seconds=0.01)
    with one.held(), pytest.raises(Busy):
        one.held().__enter__()


def test_threads_are_left_for_everybody_else():
    with ExitStack() as taken:
        inside = []
        for each in (brake.PHOTOS, brake.PAPERS, brake.CODES, brake.PASSWORDS):
            while True:
                if not each._inside.acquire(blocking=False):
                    break
                taken.callback(each._inside.release)
                inside.append(each)
        assert settings.WEB_THREADS - len(inside) >= 1
