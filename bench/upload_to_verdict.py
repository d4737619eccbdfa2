"""From upload to the verdict on the page: the web, Redis and one Celery worker, as a phone meets them.

    .venv/bin/python -m bench.upload_to_verdict [PHOTOS]

A student signs in over HTTP, sends a photo, and asks for the verdict every 50 ms as the page does every 700. Printed are the
median and the slowest, beside the floor: the same check and portrait alone, in this process. Budget (design.md 10): under 1 s
on an idle machine.
"""

import http.cookiejar
import os
import re
import statistics
import sys
import tempfile
import time
import urllib.request
import uuid
from pathlib import Path
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
SIZE = (1440, 1920)  # what the camera page sends
MOST = 18  # a student may send 20 a minute and a day


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
    while phone.get("/me/check/?long=1", **{"HX-Request": "true"})[0] == 204:
        time.sleep(0.05)


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


def main(count: int) -> None:
    from bench.database import connect

    connect(create=True, name="test_bench_verdict")
    from django.conf import settings

    from demo.drawn_people import Person, draw_jpeg
    from tests import factories
    from tests.support.stack import running

    season = factories.season()
    school = factories.school(season=season)
    student = factories.student(school, season)
    factories.consent(student)
    photos = [draw_jpeg(Person.random(n), size=SIZE) for n in range(count)]
    with tempfile.TemporaryDirectory() as folder:
        settings.MEDIA_ROOT = Path(folder) / "files"
        with running(Path(folder), LOG_LEVEL="WARNING") as stack:
            url = stack.web()
            stack.worker()
            measure(url, student, photos[:1])  # the models are loaded
            through = measure(url, student, photos)
    floor = alone(photos, season)
    print(f"{count} photos of {SIZE[0]} x {SIZE[1]}, ms{'':<16}{'median':>8}{'slowest':>9}")
    for label, seconds in (("upload to verdict", through), ("floor: check and portrait alone", floor)):
        print(f"{label:<44}{1000 * statistics.median(seconds):>8.0f}{1000 * max(seconds):>9.0f}")


if __name__ == "__main__":
    main(min(MOST, int(sys.argv[1])) if len(sys.argv) > 1 else 15)
