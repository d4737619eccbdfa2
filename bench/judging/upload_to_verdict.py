"""From upload to the verdict on the page: the web, Redis and Celery workers, as phones meet them.

    .venv/bin/python -m bench.judging.upload_to_verdict [PHOTOS]

One student first: signs in over HTTP, sends a photo, and asks for the verdict every 50 ms as the page does every 700. Printed are
the median and the slowest, beside the floor: the same check and portrait alone, in this process. Budget: under 1 s on an
idle machine. Then the processor seconds of a photo by process, beside those of the bare engine: a busy machine changes them
little. Then students who come at a steady rate, whether those before have their verdict or not, with 1 and with 2 photo
workers: the highest rate that keeps 95 of 100 verdicts under 5 s. RATES="0.5;1;2" tries others, WORKERS="1" fewer, SECONDS=60 for
longer. The phones run beside the product on the same cores.
"""

import http.cookiejar
import itertools
import os
import re
import statistics
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
import uuid
from pathlib import Path
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
SIZE = (1440, 1920)  # what the camera page sends
PEOPLE = itertools.count()  # seeds
PAUSE = re.compile(r'hx-trigger="load delay:(\d+)s"')  # of a page that waits for long
MOST = 18  # a student may send 20 a minute and a day
RATES = [float(rate) for rate in os.environ.get("RATES", "0.5;1;1.5;2;3;4;6;8;12").split(";")]
WORKERS = [int(number) for number in os.environ.get("WORKERS", "1;2").split(";")]
SECONDS = int(os.environ.get("SECONDS", "30"))  # of each rate
LONGEST = 5.0  # seconds in which 95 of 100 verdicts are to come


class Phone:
    """A browser without pictures: cookies, the form's token, and what the camera page sends."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.cookies = http.cookiejar.CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.cookies))

    def get(self, path: str, **headers: str) -> tuple[int, str]:
        request = urllib.request.Request(self.url + path, headers=headers)
        with self.opener.open(request) as answer:
            return answer.status, answer.read().decode()

    def post(self, path: str, fields: dict[str, str], photo: bytes | None = None) -> str:
        edge = uuid.uuid4().hex
        parts = [_part(edge, f'name="{name}"', value.encode()) for name, value in fields.items()]
        if photo:
            parts.append(_part(edge, 'name="photo"; filename="photo.jpg"', photo))
        body = b"".join(parts) + f"--{edge}--\r\n".encode()
        headers = {
            "Content-Type": f"multipart/form-data; boundary={edge}",
            "X-CSRFToken": self.token,
            "Referer": self.url,
        }
        with self.opener.open(urllib.request.Request(self.url + path, body, headers)) as answer:
            return answer.read().decode()

    def sign_in(self, student: Any) -> None:
        self.token = re.search(r'csrfmiddlewaretoken" value="(\w+)"', self.get("/me/sign-in/")[1])[1]
        details = {"name": student.name, "id_number": student.id_number, "student_no": student.student_no}
        self.post("/me/sign-in/", details)
        self.token = re.search(r'csrfmiddlewaretoken" value="(\w+)"', self.get("/me/")[1])[1]


def _part(edge: str, head: str, content: bytes) -> bytes:
    return f"--{edge}\r\nContent-Disposition: form-data; {head}\r\n\r\n".encode() + content + b"\r\n"


def wait_for_verdict(phone: Phone) -> None:
    while is_waiting(*phone.get("/me/check/", **{"HX-Request": "true"})):
        time.sleep(0.05)


def is_waiting(status: int, html: str) -> bool:
    return status == 204 or bool(PAUSE.search(html))


def wait_as_the_page_does(phone: Phone) -> None:
    path, pause = "/me/check/", 0.35
    while True:
        time.sleep(pause)
        status, html = phone.get(path, **{"HX-Request": "true"})
        if not is_waiting(status, html):
            return
        found = PAUSE.search(html)
        path, pause = ("/me/check/?long=1", float(found[1])) if found else (path, 0.7)


def measure(url: str, student: Any, photos: list[bytes]) -> list[float]:
    phone = Phone(url)
    phone.sign_in(student)
    seconds = []
    for photo in photos:
        start = time.perf_counter()
        phone.post("/me/upload/", {"token": str(uuid.uuid4()), "origin": "camera"}, photo)
        wait_for_verdict(phone)
        seconds.append(time.perf_counter() - start)
    return seconds


def alone(photos: list[bytes], season: Any) -> list[float]:
    from capture.judging import judge

    judge.examine_bytes(photos[0], season)
    seconds = []
    for photo in photos:
        start = time.perf_counter()
        judge.examine_bytes(photo, season)
        seconds.append(time.perf_counter() - start)
    return seconds


class Visitor(threading.Thread):
    """A student who comes at a moment, sends a photo, and waits for the verdict."""

    def __init__(self, phone: Phone, photo: bytes, at: float) -> None:
        super().__init__(daemon=True)
        self.phone, self.photo, self.at, self.seconds = phone, photo, at, float("inf")

    def run(self) -> None:
        time.sleep(max(0.0, self.at - time.monotonic()))
        start = time.monotonic()
        try:
            self.phone.post("/me/upload/", {"token": str(uuid.uuid4()), "origin": "camera"}, self.photo)
        except urllib.error.HTTPError as error:
            if error.code != 503:  # asked to come later: no verdict
                raise
            return
        self.phone.get("/me/check/")  # the page itself
        wait_as_the_page_does(self.phone)
        self.seconds = time.monotonic() - start


def signed_in(url: str, students: list[Any]) -> list[Phone]:
    phones = [Phone(url) for _ in students]
    for phone, student in zip(phones, students, strict=True):
        phone.sign_in(student)
    return phones


def come(phones: list[Phone], photos: list[bytes], rate: float) -> list[float]:
    """Seconds to the verdict of each; infinite where there was none."""
    start = time.monotonic() + 0.5
    visitors = [
        Visitor(phone, photo, start + n / rate) for n, (phone, photo) in enumerate(zip(phones, photos, strict=True))
    ]
    for visitor in visitors:
        visitor.start()
    for visitor in visitors:
        visitor.join(timeout=300)
    return sorted(visitor.seconds for visitor in visitors)


def percentile(ordered: list[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


class Spent:
    """Processor seconds of the product's processes since it was made."""

    def __init__(self, **roots: int) -> None:
        self.roots = roots
        self.before = {name: tree_seconds(pid) for name, pid in roots.items()}

    def each(self, photos: int) -> dict[str, float]:
        """Milliseconds a photo, by process."""
        return {name: 1000 * (tree_seconds(pid) - self.before[name]) / photos for name, pid in self.roots.items()}


def tree_seconds(root: int) -> float:
    """Of a process and its children, also those that have ended."""
    parents = {}
    ticks = 0
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has ended
        parents[int(path.parent.name)] = (int(fields[1]), sum(map(int, fields[11:15])))
    for pid, (_parent, spent) in parents.items():
        above = pid
        while above not in (root, 0) and above in parents:
            above = parents[above][0]
        ticks += spent if above == root else 0
    return ticks / os.sysconf("SC_CLK_TCK")


def servers() -> dict[str, int]:
    """The process ids of PostgreSQL and Redis."""
    import redis
    from django.conf import settings
    from django.db import connection

    backend = connection.connection.info.backend_pid
    postgres = int(Path(f"/proc/{backend}/stat").read_text().rpartition(")")[2].split()[1])
    return {"PostgreSQL": postgres, "Redis": redis.from_url(settings.REDIS_URL).info("server")["process_id"]}


def processor_seconds(work: Any) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def drawn(number: int) -> list[bytes]:
    """Photos of people nobody has seen: each that is like others costs the search for likenesses up to 20 findings more."""
    from demo.drawn_people import Person, draw_jpeg

    return [draw_jpeg(Person.random(next(PEOPLE)), size=SIZE) for _ in range(number)]


def report_rates(stack: Any, workers: list[Any], visitors: Any) -> None:
    best = 0.0
    roots = {"web": stack.processes[0].pid, **servers()} | {f"worker {n}": each.pid for n, each in enumerate(workers)}
    for rate in RATES:
        students = visitors(max(20, int(rate * SECONDS)))
        phones, photos = signed_in(stack.url, students), drawn(len(students))
        spent = Spent(**roots)
        seconds = come(phones, photos, rate)
        parts = spent.each(len(seconds))
        judging = sum(each for name, each in parts.items() if name.startswith("worker"))
        p95 = percentile(seconds, 0.95)
        print(
            f"{len(workers)} worker(s), {rate:4.1f} a second, {len(seconds):3} photos{percentile(seconds, 0.5):>10.1f}{p95:>9.1f}"
            f"{judging:>10.0f}{parts['web']:>7.0f}{parts['PostgreSQL']:>12.0f}   load {os.getloadavg()[0]:.1f}",
            flush=True,
        )
        if p95 > LONGEST:
            break
        best = rate
    print(
        f"{len(workers)} worker(s): at most {best:g} a second keeps 95 of 100 verdicts under {LONGEST:g} s", flush=True
    )


def main(count: int) -> None:
    from bench.database import connect

    connect(create=True, name="test_bench_verdict")
    from django.conf import settings

    from tests import factories
    from tests.support.stack import running

    season = factories.season()
    school = factories.school(season=season)

    def visitors(number: int) -> list[Any]:
        students = [factories.student(school, season) for _ in range(number)]
        for student in students:
            factories.consent(student)
        return students

    (student,) = visitors(1)
    photos = drawn(count)
    with tempfile.TemporaryDirectory() as folder:
        settings.MEDIA_ROOT = Path(folder) / "files"
        with running(Path(folder), LOG_LEVEL="WARNING") as stack:
            url = stack.web()
            worker = stack.worker()
            measure(url, student, photos[:1])  # the models are loaded
            spent = Spent(web=stack.processes[0].pid, worker=worker.pid, **servers())
            through = measure(url, student, photos)
            parts = spent.each(count)
            engine = 1000 * processor_seconds(lambda: alone(photos, season)) / (count + 1)
            report_alone(photos, through, alone(photos, season), parts, engine)
            print(
                f"\nstudents at a steady rate; s, ms of processor a photo{'median':>9}{'p95':>9}{'workers':>10}{'web':>7}{'PostgreSQL':>12}"
            )
            workers = [worker]
            for number in WORKERS:
                while len(workers) < number:
                    workers.append(stack.worker(name=f"worker{len(workers)}"))
                    come(signed_in(url, visitors(4)), drawn(4), 4.0)  # its models are loaded
                report_rates(stack, workers[:number], visitors)


def report_alone(
    photos: list[bytes], through: list[float], floor: list[float], parts: dict[str, float], engine: float
) -> None:
    print(f"{len(photos)} photos of {SIZE[0]} x {SIZE[1]}, ms{'':<16}{'median':>8}{'slowest':>9}")
    for label, seconds in (("upload to verdict", through), ("floor: check and portrait alone", floor)):
        print(f"{label:<44}{1000 * statistics.median(seconds):>8.0f}{1000 * max(seconds):>9.0f}")
    print(f"\nprocessor time a photo, ms; load of the machine {os.getloadavg()[0]:.1f}")
    for name, spent in (parts | {"together": sum(parts.values()), "the bare engine": engine}).items():
        print(f"{name:<44}{spent:>8.0f}")
    print(f"{'photos a processor second: worker, bare':<44}{1000 / parts['worker']:>8.1f}{1000 / engine:>9.1f}")


if __name__ == "__main__":
    main(min(MOST, int(sys.argv[1])) if len(sys.argv) > 1 else 15)
