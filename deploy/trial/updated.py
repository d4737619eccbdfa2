"""Updates as docs/operators.md has them, while visitors read and students send photos: no request may fail. For the trial alone."""

import itertools
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import releases
import requests
from installed import CERTIFICATE, SITE, check, run, sql
from student import Student

from torture.update import Visitors

BUILDS = Path("/etc/tucai-worker-builds.env")
# What this release has and one before it had not: a setting of the database, a queue, a text of nginx.
OLDER = "ALTER DATABASE tucai RESET ALL"
SETTINGS = "SELECT count(*) FROM pg_db_role_setting, unnest(setconfig) WHERE setrole = 0"
WORKERS = ("tucai-beat", "tucai-worker@photos", "tucai-worker@builds")
# Pages that nobody has asked for before the templates of another release lie there.
UNSEEN = ("/me/sign-in/", "/accounts/password/reset/", "/accounts/password/reset/done/")
COLUMNS = "SELECT string_agg(attname, ' ' ORDER BY attname) FROM pg_attribute WHERE attrelid = 'capture_photo'::regclass AND attname LIKE 'trial%'"
PHOTOS = "SELECT count(*) FROM capture_photo"
NOT_FILLED = f"{PHOTOS} WHERE trial_new IS NULL"
DIFFERENT = f"{NOT_FILLED} OR (trial_old <> '' AND trial_new <> trial_old)"
USED_INDEX = "SELECT count(*) FROM pg_index WHERE indexrelid = 'photo_trial_new'::regclass AND indisvalid"
# Somebody reads photos in a transaction that does not end, as a report does.
A_LONG_READER = ("runuser", "-u", "postgres", "--", "psql", "-X", "-q", "-d", "tucai", "-c")
READING = "BEGIN; LOCK TABLE capture_photo IN ACCESS SHARE MODE; SELECT pg_sleep(600)"
ENDED = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)%' AND pid <> pg_backend_pid()"


def an_installation_of_before() -> None:
    """Nobody has changed anything by hand."""
    sql(OLDER)
    BUILDS.write_text("QUEUES=build,default,bulk\nCONCURRENCY=1\n")
    for name in ("tucai", "tucai.written"):
        path = Path("/etc/nginx/sites-available", name)
        path.write_text(path.read_text().replace("error_page 500 502 504 =503 $tucai_away;", ""))


class Senders:
    """Students who send one photo after the other, in turn, and read about each."""

    def __init__(self, students: list[Student], visitors: Visitors) -> None:
        self.students, self.visitors = students, visitors
        self.sent = 0
        self.thread = threading.Thread(target=self._send)
        self.thread.start()

    def _send(self) -> None:
        for student in itertools.cycle(self.students):
            if self.visitors.is_over:
                return
            since = time.monotonic()
            try:
                answer = student.sends(30 + self.sent % 5)
                read = student.session.get(f"{SITE}/api/v1/me/photos/current/", timeout=60)
            except requests.RequestException as error:
                self.visitors.failures.append(f"{time.strftime('%T')} photo: {error}")
                continue
            self.visitors.slowest = max(self.visitors.slowest, time.monotonic() - since)
            self.sent += answer.status_code == 201
            if (answer.status_code, read.status_code) != (201, 200):
                self.visitors.failures.append(
                    f"{time.strftime('%T')} photo: {answer.status_code} {read.status_code} {answer.text[:200]}"
                )
            time.sleep(2)


@contextmanager
def under_load(students: list[Student], what: str) -> Iterator[Visitors]:
    """Four visitors, each two requests a second at most, below the ten that nginx allows an address at the sign-in; and students who send."""
    visitors = Visitors(SITE, verify=CERTIFICATE, pause=0.5)
    senders = Senders(students, visitors)
    time.sleep(5)
    try:
        yield visitors
        time.sleep(3)
    finally:
        visitors.end()
        senders.thread.join()
    number = sum(visitors.answers.values())
    told = "".join(f"\n    {line}" for line in visitors.failures[:20])
    check(
        not visitors.failures,
        f"{what}: {len(visitors.failures)} of {number} requests and {senders.sent} photos failed{told}",
    )
    check({status for _request, status in visitors.answers} <= {200, 302, 400, 403}, f"{dict(visitors.answers)}")
    check(number > 50 and senders.sent > 2, f"slowest answer {visitors.slowest:.1f} s")


def webs() -> set[str]:
    return set(run("systemctl", "show", "tucai-web@8001", "tucai-web@8002", "--property=MainPID").split())


def update(number: int) -> None:
    before = webs()
    releases.lay(number)
    run("systemctl", "stop", *WORKERS)
    start = time.monotonic()
    run("deploy/install.sh")
    check(not before & webs(), f"release {number}: each web was started anew ({time.monotonic() - start:.0f} s)")


def a_table_is_in_use(number: int) -> None:
    """The update ends with a sentence, the release of before goes on, and a second try goes through."""
    releases.lay(number)
    before = webs()
    run("systemctl", "stop", *WORKERS)
    with subprocess.Popen([*A_LONG_READER, READING], stderr=subprocess.DEVNULL) as reader:
        time.sleep(1)
        since = time.monotonic()
        done = subprocess.run(["deploy/install.sh"], cwd="/opt/tucai", capture_output=True, text=True, check=False)
        took = time.monotonic() - since
        told = done.stderr.strip().splitlines()[-2:]
        sql(ENDED)
        reader.wait()
    check(done.returncode and "Traceback" not in done.stderr, f"it ended after {took:.0f} s: {' / '.join(told)}")
    check("deploy/install.sh" in told[-1] and "占用" in done.stderr, "it says what was in use, and what to do next")
    check(webs() == before, "the web of before goes on")


def updates_under_load(students: list[Student]) -> None:
    an_installation_of_before()
    with under_load(students, "an update with a new column and an index"):
        update(2)
    check(sql(SETTINGS) == "6", "the database has the settings of this release")
    check("imports" in BUILDS.read_text() and "faces" in BUILDS.read_text(), "its queues have a worker")
    check("$tucai_away;" in Path("/etc/nginx/sites-available/tucai").read_text(), "nginx has its text")
    check(sql(USED_INDEX) == "1", "the index is there")
    empty = int(sql(NOT_FILLED))
    check(empty, f"{empty} photos of before wait for their value")
    with under_load(
        students, "an update that fills the column, and whose templates the web of before does not know"
    ) as visitors:
        releases.lay(3)
        visitors.paths.extend(UNSEEN)
        time.sleep(5)
        update(3)
    check(sql(DIFFERENT) == "0", f"{sql(PHOTOS)} photos have their value in the new column")
    with under_load(students, "an update while a table is in use"):
        a_table_is_in_use(4)
    check(sql(COLUMNS) == "trial_new trial_old", "the column of before is still there")
    with under_load(students, "the same once more"):
        update(4)
    check(sql(COLUMNS) == "trial_new", "the column of before is gone")
    check(sql(NOT_FILLED) == "0", "each photo has its value")
    students[0].waits_for_the_portrait()
