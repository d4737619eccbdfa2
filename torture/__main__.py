"""Run the torture: see torture/__init__.py."""

import argparse
import datetime as dt
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace

from launch import data_folder, environment
from launch.data_folder import CHECKOUT

PORT, STUDENTS, SEASON = 8765, 8, 600
REST_SECONDS = 420
SHOWN = 8


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--faults", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if not environment.text("TUCAI_DATA"):
        home = data_folder.locate_data_folder()
        os.environ["TUCAI_DATA"] = str(home.with_name(f"{home.name}-torture"))
        data_folder.locate_data_folder.cache_clear()
    with _mail_server() as peer:
        return _torture(options.faults, options.seed, peer)


@contextmanager
def _mail_server() -> Iterator[SimpleNamespace]:
    """A mail server that takes everything. `handler.envelopes`, `port`."""
    from tests.support.mail_server import mail_server

    settings = SimpleNamespace()
    with mail_server(settings) as handler:
        yield SimpleNamespace(handler=handler, port=settings.EMAIL_PORT)


def _torture(number: int, seed: int, peer: SimpleNamespace) -> int:
    from torture import faults
    from torture.machine import Machine
    from torture.visitors import Crew

    machine = Machine(PORT, peer.port)
    try:
        say(f"{number} faults, seed {seed}, in {machine.folder.path}")
        without = {name for name, there in (("disk", machine.has_disk), ("clock", machine.has_clock)) if not there}
        for name in without:
            say(f"left out: {name} (a file system needs root, the clock a C compiler)")
        machine.start_servers()
        people, photos, secret = season()
        machine.start()
        crew = Crew(machine.url, secret, seed, people, photos)
        crew.start(STUDENTS)
        crew.pause(10)
        made: Counter[str] = Counter()
        start = time.monotonic()
        for fault, chance, pause in faults.plan(seed, number, without=without):
            made[fault.name] += 1
            say(f"{sum(made.values()):>5} {fault.name}")
            faults.commit(fault, machine, crew, chance)
            crew.pause(pause)
        took = time.monotonic() - start
        return report(machine, crew, peer, made, took)
    finally:
        machine.stop()


def season():
    """A season with two schools: in one the students pay. The people, drawn photos, the key that the provider shares."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    from django.conf import settings

    from portal.models import Role
    from portal.tenancy import school_scope
    from schools.models import Enrolment
    from tests import factories
    from torture.visitors import PASSWORD, Person

    season = factories.season()
    school = factories.school(season=season)
    for username in ("officer1", "officer2", "clerk1"):
        factories.person(username, Role.SCHOOL_ADMIN, school)
    assert PASSWORD == "a-long-password"
    with school_scope(school):
        Enrolment.objects.filter(school=school).update(payment_mode=Enrolment.PaymentMode.STUDENT)
    people = []
    for n in range(SEASON):
        row = factories.student(school, season, email=f"s{n}@example.org")
        people.append(Person(row.pk, row.name, row.id_number, row.student_no, row.email, pays=True))
    return people, _photos(), settings.SECRET_KEY


def _photos() -> list[bytes]:
    """Drawn people; drawn once and kept beside the checkout's data."""
    from demo.drawn_people import Person, draw_jpeg

    kept = CHECKOUT / "var" / "torture-photos"
    kept.mkdir(parents=True, exist_ok=True)
    found = []
    for n in range(24):
        path = kept / f"{n}.jpg"
        if not path.exists():
            path.write_bytes(draw_jpeg(Person.random(n), size=(960, 1280), violation="eyes" if n % 6 == 5 else None))
        found.append(path.read_bytes())
    return found


def report(machine, crew, peer, made: Counter[str], took: float) -> int:
    from django.db import connection

    from portal.tenancy import system_scope
    from torture import reckoning

    say("coming to rest")
    crew.provider.release()
    machine.wait_for_web(120)
    crew.end()
    with system_scope():
        rested = reckoning.wait_for_rest(REST_SECONDS)
        aside = _take_up_again(crew)
        rested = reckoning.wait_for_rest(REST_SECONDS) if aside else rested
        machine.end_processes()
        connection.close()
        counts = list(reckoning.reckon(crew.promises, peer.handler.envelopes))
    print(f"\n{sum(made.values())} faults in {took:.0f} s; restarts {dict(machine.restarts)}")
    for name, number in sorted(made.items()):
        print(f"  {number:>5} {name}")
    promises = crew.promises
    print(f"requests {promises.requests}, without an answer {promises.unanswered}, answered 'later' {promises.errors}")
    print(f"lost their worker twice, put aside, and taken up again by a person: {aside}")
    print(f"{'at rest' if rested else 'NOT AT REST'}\n\n{'':<60}{'number':>8}{'lost':>7}{'twice':>7}{'wrong':>7}")
    for count in counts:
        columns = (count.number, len(count.lost), len(count.twice), len(count.wrong))
        print(f"{count.what:<60}" + f"{columns[0]:>8}" + "".join(f"{n:>7}" for n in columns[1:]))
        for item in (*count.lost[:SHOWN], *count.twice[:SHOWN], *count.wrong[:SHOWN]):
            print(f"    {item}")
    for name, text in machine.logs():
        traces = Counter(line for line in text.splitlines() if "Error" in line and not line.startswith(" "))
        print(
            f"log of {name}: {len(text.splitlines())} lines",
            *(f"\n    {n:>4} {line[:150]}" for line, n in traces.most_common(6)),
        )
    return 0 if rested and all(count.is_right for count in counts) else 1


def _take_up_again(crew) -> int:
    """What a person does with what was put aside: a reviewer has photos judged again, the operator letters sent again."""
    from capture.models import Photo
    from portal.models import Delivery
    from portal.notifications import deliveries
    from torture.visitors import Reviewer

    photos = list(Photo.objects.filter(status=Photo.Status.FAILED).values_list("pk", flat=True))
    reviewer = Reviewer(crew, "officer1")
    for pk in photos:
        reviewer.act(lambda pk=pk: reviewer.browser.post(f"/school/photos/{pk}/judge-again/"))
    letters = deliveries.send_again(Delivery.objects.filter(status=Delivery.Status.FAILED))
    return len(photos) + letters


def say(words: str) -> None:
    print(f"{dt.datetime.now():%H:%M:%S} {words}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
