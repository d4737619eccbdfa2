"""Admission photos of a large school: the upload as a clerk does it, then the comparison, with faces that are known.

    .venv/bin/python -m bench.likeness.admission_upload [STUDENTS]

The product's own web and worker take a ZIP of one picture a student over HTTP, in the parts that the page sends; what it took of time,
processor and memory is printed by process. Then every student's portrait is compared by the rule that the worker calls, with ten pairs of
exchanged portraits, ninety of strangers and two hundred that show another student's face put in; what was found is held against it.

Drawn people are all alike to the network (docs/judging.md), so the numbers of a face are given at its boundary: each picture bears its
person as a bar code, and `embed_jpeg` answers that person's vector, as far apart as measured. All else is real: pictures, archive, files,
encryption, jobs, search, rows, pages.
"""

import io
import os
import random
import re
import sys
import tempfile
import threading
import time
import zipfile
import zlib
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from unittest import mock

import cv2
import numpy as np

from portal.security.sealed_parts import PART_BYTES

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
SWAPPED, STRANGERS, DOUBLED = 10, 90, 200
NETWORK = 500  # students whose pictures the network itself is given
FACES = 24  # drawn ones, of which all pictures are made
BITS, BLOCK = 17, 16  # of the person's number, px of a bit
PORTRAIT, ADMISSION = (480, 640), (300, 400)
NEAR, PAST = 0.35, 0.62  # how far two portraits of a person are apart, and a portrait from the admission photo


def marked(picture: np.ndarray, person: int) -> np.ndarray:
    """With the number of the person in black and white along the lower edge."""
    height, width = picture.shape[:2]
    block, made = BLOCK * width // PORTRAIT[0], picture.copy()
    for bit in range(BITS):
        colour = 255 if person >> bit & 1 else 0
        made[height - block :, bit * block : (bit + 1) * block] = colour
    return made


def person_of(jpeg: bytes) -> int:
    grey = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_GRAYSCALE)
    height, width = grey.shape
    block = BLOCK * width // PORTRAIT[0]
    row = grey[height - block // 2]
    return sum(int(row[bit * block + block // 2] > 127) << bit for bit in range(BITS))


def jpeg_of(picture: np.ndarray, person: int, quality: int, light: int) -> bytes:
    changed = np.clip(picture.astype(np.int16) + light, 0, 255).astype(np.uint8)
    return bytes(cv2.imencode(".jpg", marked(changed, person), [cv2.IMWRITE_JPEG_QUALITY, quality])[1])


class Vectors:
    """A vector for each person, and one near to it for each picture."""

    def __init__(self, people: int) -> None:
        made = np.random.default_rng(1).normal(size=(people, 128))
        self.base = (made / np.linalg.norm(made, axis=1, keepdims=True)).astype(np.float32)

    def embed(self, jpeg: bytes) -> np.ndarray:
        person = person_of(jpeg)
        is_admission = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_GRAYSCALE).shape[1] < PORTRAIT[0]
        noise = np.random.default_rng(zlib.crc32(jpeg)).normal(size=128)
        base = self.base[person]
        noise -= (noise @ base) * base
        apart = PAST if is_admission else NEAR
        moved = base + noise / np.linalg.norm(noise) * apart
        return (moved / np.linalg.norm(moved)).astype(np.float32)


def peak(pid: int) -> float:
    """MB that a process and its children hold now; what several share counts by its part (Pss)."""
    total = 0
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(path.read_text().rpartition(")")[2].split()[1])
            if pid in (parent, int(path.parent.name)):
                told = (path.parent / "smaps_rollup").read_text()
                total += int(re.search(r"^Pss:\s+(\d+)", told, re.MULTILINE)[1])  # type: ignore[index]
        except (OSError, TypeError):
            continue
    return total / 1024


class Watched(threading.Thread):
    """The largest memory of some processes while a block runs."""

    def __init__(self, **pids: int) -> None:
        super().__init__(daemon=True)
        self.pids, self.most, self.is_over = pids, dict.fromkeys(pids, 0.0), False

    def run(self) -> None:
        while not self.is_over:
            for name, pid in self.pids.items():
                self.most[name] = max(self.most[name], peak(pid))
            time.sleep(0.5)

    def __enter__(self) -> "Watched":
        self.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.is_over = True
        self.join()


def drawn() -> list[np.ndarray]:
    from demo.drawn_people import Person, draw_portrait

    pictures = [draw_portrait(Person.random(n), size=PORTRAIT) for n in range(FACES)]
    return [np.ascontiguousarray(np.asarray(picture.convert("RGB"))[..., ::-1]) for picture in pictures]


def make_archive(path: Path, faces: list[np.ndarray], numbers: list[str]) -> None:
    small = [cv2.resize(face, ADMISSION, interpolation=cv2.INTER_AREA) for face in faces]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for n, number in enumerate(numbers):
            archive.writestr(f"录取照片/{number}.jpg", jpeg_of(small[n % FACES], n, 92, n % 41 - 20))


def shown_people(count: int) -> dict[int, int]:
    """{student: person on the portrait}: what is put in. The others show themselves."""
    picked = random.Random(1).sample(range(count), 2 * SWAPPED + STRANGERS + 2 * DOUBLED)
    swapped, rest = picked[: 2 * SWAPPED], picked[2 * SWAPPED :]
    shown = {}
    for one, other in zip(swapped[::2], swapped[1::2], strict=True):
        shown[one], shown[other] = other, one
    for n, student in enumerate(rest[:STRANGERS]):
        shown[student] = count + n
    return shown | dict(zip(rest[STRANGERS : STRANGERS + DOUBLED], rest[STRANGERS + DOUBLED :], strict=True))


def fill(count: int, school: Any, season: Any) -> list[Any]:
    from capture.models import Consent, ConsentText
    from portal.tenancy import school_scope
    from students.models import Student
    from tests import factories

    rows = []
    for n in range(count):
        row = Student(
            school=school,
            season=season,
            student_no=f"2023{n:06d}",
            name="李一",
            college=f"学院{n % 20}",
            major="软件工程",
            class_name=f"软件{n % 20}-{n // 20 % 40}",
            stage=Student.Stage.REVIEW,
        )
        row.id_number = factories.id_number(n % 1000, born=f"200{n // 30000}{n // 2500 % 12 + 1:02d}{n // 100 % 25 + 1:02d}", region=f"3201{n // 1000 % 90 + 10:02d}")  # fmt: skip
        rows.append(row)
    with school_scope(school):
        Student.objects.bulk_create(rows, batch_size=2000)
        text, _is_new = ConsentText.objects.get_or_create(sha256="0" * 64, defaults={"words": season.consent_text})
        Consent.objects.bulk_create(
            (
                Consent(
                    student=row,
                    school=school,
                    version=season.consent_version,
                    text=text,
                    face_comparison=True,
                    admission_comparison=True,
                )
                for row in rows
            ),
            batch_size=2000,
        )
    return rows


def take_photos(students: list[Any], faces: list[np.ndarray], shown: dict[int, int], root: Path) -> list[Any]:
    from django.utils import timezone

    from capture.models import Photo
    from portal.tenancy import school_scope

    school, season = students[0].school, students[0].season
    (root / "bench").mkdir(parents=True)
    rows = []
    for n, student in enumerate(students):
        person = shown.get(n, n)
        name = f"bench/{n}.jpg"
        (root / name).write_bytes(jpeg_of(faces[person % FACES], person, 78, 0))
        row = Photo(
            school=school, season=season, student=student, status=Photo.Status.SUBMITTED, portrait=name, preview=name
        )
        row.width, row.height, row.sha256, row.attempt = 1440, 1920, f"{n:064d}", 1
        row.outcome, row.engine, row.measures = "green", "1.0", {"faces": 1}
        row.checked_at = row.compared_at = row.submitted_at = row.taken_at = timezone.now()
        rows.append(row)
    with school_scope(school):
        Photo.objects.bulk_create(rows, batch_size=2000)
    return rows


class Clerk:
    """A browser of the staff: what static/js/admission.js sends."""

    def __init__(self, url: str, user: Any) -> None:
        import requests
        from django.test import Client

        from tests.conftest import client_of

        client: Client = client_of(user)
        self.url, self.http = url, requests.Session()
        self.http.max_redirects = 10  # the product allows none to its own calls
        for name, morsel in client.cookies.items():
            self.http.cookies.set(name, morsel.value)

    def get(self, path: str, **headers: str) -> Any:
        return self.http.get(self.url + path, headers=headers, timeout=120)

    def post(self, path: str, data: dict[str, Any], files: dict[str, Any] | None = None) -> Any:
        sent = data | {"csrfmiddlewaretoken": self.token}
        headers = {"Accept": "application/json", "Referer": self.url}
        return self.http.post(
            self.url + path, data=sent, files=files, headers=headers, timeout=120, allow_redirects=False
        )

    def open(self, path: str) -> None:
        self.token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', self.get(path).text)[1]  # type: ignore[index]


def upload(clerk: Clerk, archive: Path) -> str:
    """The path of the upload's page."""
    clerk.open("/school/admission-photos/")
    parts = -(-archive.stat().st_size // PART_BYTES)
    begun = clerk.post("/school/admission-photos/begin/", {"name": archive.name, "parts": parts}).json()
    with archive.open("rb") as file:
        for number in range(parts):
            answer = clerk.post(
                begun["part"], {"number": number}, {"part": ("part", io.BytesIO(file.read(PART_BYTES)))}
            )
            assert answer.status_code == 200, answer.text[:300]
    return str(begun["page"])


def wait_for(clerk: Clerk, page: str, word: str) -> str:
    slowest = 0.0
    while True:
        begun = time.perf_counter()
        text = clerk.get(page, **{"HX-Request": "true"}).text
        slowest = max(slowest, time.perf_counter() - begun)
        if 'hx-trigger="every' not in text:
            print(f"    the page of the upload answered in at most {slowest:.2f} s while the job ran")
            assert word in text, text[:2000]
            return text
        time.sleep(1)


def main(count: int) -> None:
    from bench.database import connect
    from bench.judging.upload_to_verdict import Spent, servers

    connect(create=True, name="test_bench_admission")
    from django.conf import settings

    from portal.models import Role
    from tests import factories
    from tests.support.stack import running

    season = factories.season()
    school = factories.school(season=season)
    owner = factories.person("owner", Role.SCHOOL_ADMIN, school)
    begun = time.perf_counter()
    students = fill(count, school, season)
    faces, shown = drawn(), shown_people(count)
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stacked:
        settings.MEDIA_ROOT = Path(folder) / "files"
        archive = Path(folder) / "录取照片.zip"
        make_archive(archive, faces, [row.student_no for row in students])
        photos = take_photos(students, faces, shown, Path(settings.MEDIA_ROOT))
        print(
            f"{count} students, archive of {archive.stat().st_size / 2**20:.0f} MB, made in {time.perf_counter() - begun:.0f} s"
        )
        stack = stacked.enter_context(running(Path(folder), LOG_LEVEL="WARNING"))
        url = stack.web()
        clerk = Clerk(url, owner)
        worker = stack.worker()
        roots = {"web": stack.processes[0].pid, "worker": worker.pid}
        print("at rest: " + ", ".join(f"{name} {peak(pid):.0f} MB" for name, pid in roots.items()))
        for title, work in steps(clerk, archive):
            spent, start = Spent(**roots, **servers()), time.perf_counter()
            with Watched(**roots) as watched:
                work()
            report(title, time.perf_counter() - start, spent, watched)
        measure_network(photos[:NETWORK])
        compare(photos, Vectors(count + STRANGERS), shown, {row.pk: n for n, row in enumerate(students)})
        for path in ("/school/admission-photos/faces/", "/school/admission-photos/"):
            begun = time.perf_counter()
            answer = clerk.get(path)
            print(f"{path}: {answer.status_code} in {time.perf_counter() - begun:.2f} s")


def steps(clerk: Clerk, archive: Path) -> list[tuple[str, Any]]:
    found: dict[str, str] = {}

    def send() -> None:
        found["page"] = upload(clerk, archive)

    def read() -> None:
        wait_for(clerk, found["page"], "btn-primary")

    def store() -> None:
        clerk.open(found["page"])
        clerk.post(f"{found['page']}confirm/", {})
        wait_for(clerk, found["page"], "dl")

    return [("sending the archive", send), ("reading it", read), ("storing the pictures", store)]


def report(title: str, seconds: float, spent: Any, watched: Watched) -> None:
    used = ", ".join(f"{name} {each / 1000:.1f} s" for name, each in spent.each(1).items())
    held = ", ".join(f"{name} {most:.0f} MB" for name, most in watched.most.items())
    print(f"{title}: {seconds:.0f} s; processor {used}; at most {held}; load {os.getloadavg()[0]:.1f}", flush=True)


def compare(photos: list[Any], vectors: Vectors, shown: dict[int, int], place: dict[int, int]) -> None:
    from capture.models import FaceComparison
    from capture.same_person import comparison
    from portal.tenancy import school_scope
    from vision.likeness import face_embedding

    start, cpu = time.perf_counter(), time.process_time()
    with mock.patch.object(face_embedding, "embed_jpeg", vectors.embed), school_scope(photos[0].school):
        for done, photo in enumerate(photos, start=1):
            comparison.compare(photo_id=photo.pk)
            if done % 5000 == 0:
                print(f"    {done} compared after {time.perf_counter() - start:.0f} s", flush=True)
        rows = list(FaceComparison.objects.values_list("photo__student", "kind", "other_student", "distance"))
        doubted = comparison.doubted(photos[0].season).values_list("photo__student", flat=True)
        warned = {place[student] for student in doubted}
    seconds, spent = time.perf_counter() - start, time.process_time() - cpu
    print(
        f"comparing: {seconds:.0f} s, {1000 * spent / len(photos):.1f} ms of processor a photo; load {os.getloadavg()[0]:.1f}"
    )
    tell(rows, shown, place, warned, len(photos))


def measure_network(photos: list[Any]) -> None:
    """The face network itself on these portraits and their admission photos, as they are stored: what each costs."""
    from capture.same_person import admission_photos
    from portal import files
    from portal.tenancy import school_scope
    from vision.likeness import face_embedding

    with school_scope(photos[0].school):
        jpegs = [files.read(photo.portrait.name) for photo in photos]
        jpegs += [admission_photos.content_of(photo.student_id) for photo in photos]
    face_embedding.embed_jpeg(jpegs[0])
    start, cpu = time.perf_counter(), time.process_time()
    found = sum(face_embedding.embed_jpeg(jpeg) is not None for jpeg in jpegs)
    seconds, spent = time.perf_counter() - start, time.process_time() - cpu
    print(
        f"the network: {found} faces in {len(jpegs)} pictures, {1000 * spent / len(jpegs):.0f} ms of processor each, {seconds:.0f} s;"
        f" load {os.getloadavg()[0]:.1f}",
        flush=True,
    )


def tell(rows: list[Any], shown: dict[int, int], place: dict[int, int], warned: set[int], count: int) -> None:
    kinds: dict[str, set[tuple[int, int]]] = {}
    for student, kind, other, _distance in rows:
        kinds.setdefault(kind, set()).add((place[student], place.get(other, -1)))
    swapped = {(one, other) for one, other in shown.items() if shown.get(other) == one}
    strangers = {student for student, person in shown.items() if person >= count}
    doubled = {(student, of) for student, of in shown.items() if of < count and (student, of) not in swapped}
    same = kinds.get("same_face", set())
    print(
        f"swapped: {len(swapped & kinds.get('swapped', set()))} of {len(swapped)} sides, false {len(kinds.get('swapped', set()) - swapped)}"
    )
    print(f"stand-ins: {len(strangers & warned)} of {len(strangers)} warned of")
    found = sum((one, other) in same and (other, one) in same for one, other in doubled)
    print(f"the same face twice: {found} of {len(doubled)} on both sides, false {len(same) // 2 - found}")
    concerned = set(shown) | {of for of in shown.values() if of < count}
    print(f"others warned of: {len(warned - concerned)} of {count - len(concerned)} false alarms")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 30_000)
