"""What is done to the product, and the order in which it is done: the same for the same seed."""

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from torture.machine import Machine
from torture.visitors import Crew

WEB_SECONDS = 60  # to answer again, before it is killed the next time


@dataclass(frozen=True)
class Fault:
    """`weight`: how often it comes, beside the others. `needs`: disk or clock, where only some machines let us."""

    name: str
    weight: int
    make: Callable[[Machine, Crew, random.Random], None]
    needs: str = ""


def _full_disk(machine: Machine, crew: Crew, chance: random.Random) -> None:
    with machine.full_disk():
        time.sleep(chance.uniform(1, 3))


def _clock(seconds: Callable[[random.Random], int]) -> Callable[[Machine, Crew, random.Random], None]:
    def make(machine: Machine, crew: Crew, chance: random.Random) -> None:
        with machine.moved_clock(seconds(chance)):
            time.sleep(chance.uniform(1, 4))

    return make


def _late(machine: Machine, crew: Crew, chance: random.Random) -> None:
    """Hold the provider's messages back, or let go of those that were held, the last first."""
    if crew.provider.is_holding:
        crew.provider.release()
    else:
        crew.provider.is_holding = True


FAULTS = (
    Fault("photo worker killed -9", 3, lambda m, c, r: m.kill("photos", whole=True)),
    Fault("photo worker: its first process killed -9", 1, lambda m, c, r: m.kill("photos", whole=False)),
    Fault("photo worker: its child killed -9", 3, lambda m, c, r: m.kill_child("photos")),
    Fault("job worker killed -9", 3, lambda m, c, r: m.kill("builds", whole=True)),
    Fault("job worker: its first process killed -9", 1, lambda m, c, r: m.kill("builds", whole=False)),
    Fault("job worker: its child killed -9", 3, lambda m, c, r: m.kill_child("builds")),
    Fault("web killed -9", 8, lambda m, c, r: m.kill("web", whole=True)),
    Fault("beat killed -9", 7, lambda m, c, r: m.kill("beat", whole=True)),
    Fault("Redis: FLUSHALL", 10, lambda m, c, r: m.flush_redis()),
    Fault("Redis restarted", 4, lambda m, c, r: m.restart_redis(hard=False)),
    Fault("Redis killed -9", 4, lambda m, c, r: m.restart_redis(hard=True)),
    Fault("PostgreSQL restarted, fast", 4, lambda m, c, r: m.restart_postgres("fast")),
    Fault("PostgreSQL restarted, immediate", 4, lambda m, c, r: m.restart_postgres("immediate")),
    Fault("PostgreSQL killed -9", 2, lambda m, c, r: m.kill_postgres()),
    Fault("disk full", 5, _full_disk, needs="disk"),
    Fault("clock forward, minutes, and back", 3, _clock(lambda r: r.randrange(60, 3000)), needs="clock"),
    Fault("clock forward, hours, and back", 2, _clock(lambda r: r.randrange(2, 9) * 3600), needs="clock"),
    Fault("clock back, minutes, and forward", 3, _clock(lambda r: -r.randrange(60, 3000)), needs="clock"),
    Fault("callbacks doubled, at the same time", 8, lambda m, c, r: c.provider.double(r)),
    Fault("callbacks late and in another order", 6, _late),
    Fault("callback forged", 8, lambda m, c, r: c.provider.forge(r)),
    Fault("callback of another amount or order", 5, lambda m, c, r: c.provider.err(r)),
)


def plan(seed: int, number: int, *, without: set[str]) -> Iterator[tuple[Fault, random.Random, float]]:
    """The faults in their order: each with its own source of chance, and the pause after it in seconds.

    Among many, each kind comes as often as its weight says, to one.
    """
    chance = random.Random(seed)
    able = [fault for fault in FAULTS if fault.needs not in without]
    whole = [fault for fault in able for _ in range(fault.weight)]
    deck: list[Fault] = []
    for n in range(number):
        if not deck:
            deck = chance.sample(whole, len(whole))
        yield deck.pop(), random.Random(f"{seed}-{n}"), chance.uniform(0.1, 0.8)


def commit(fault: Fault, machine: Machine, crew: Crew, chance: random.Random) -> None:
    if fault.name == "web killed -9":
        machine.wait_for_web(WEB_SECONDS)
    fault.make(machine, crew, chance)
