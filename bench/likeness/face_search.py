"""A school of 30,000 faces: how fast it is searched, and which exchanged, strange and doubled students are found.

    .venv/bin/python -m bench.likeness.face_search [STUDENTS]          30,000 unless told

The faces are made up: vectors with the distances that were measured on people (docs/judging.md, "Is it the student?"): strangers
1.32 on average with a deviation of .07, two pictures of a person as of an admission photo 150 px wide, .50, with a deviation of .09, up to
.9. So the numbers say what the search and the limits do with such distances, not how alike the people of a school are. Put in are
10 exchanged pairs, 90 stand-ins from outside and 200 students whose photo shows another student of the school.
"""

from __future__ import annotations

import os
import sys
import time

import numpy as np

os.environ |= {"DJANGO_SETTINGS_MODULE": "config.settings", "TUCAI_SERVICES": "none"}

import django

django.setup()

from capture.same_person.face_numbers import Faces, place_of  # noqa: E402
from portal.security import encryption  # noqa: E402
from vision import DEFAULTS  # noqa: E402
from vision.likeness import face_embedding  # noqa: E402

EXCHANGED, STRANGE, DOUBLED = 10, 90, 200
COMMON = 0.36  # share of what all faces have in common: strangers are 1.32 apart instead of 1.41
SAME, SPREAD = 0.50, 0.09
BATCH = 2000
FAR, NEAR = DEFAULTS["same_person"]["warn"], DEFAULTS["same_face"]["warn"]


def unit(vectors: np.ndarray) -> np.ndarray:
    found: np.ndarray = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return found


class People:
    def __init__(self) -> None:
        self.chance = np.random.default_rng(7)
        self.mean = unit(self.chance.standard_normal((1, face_embedding.NUMBERS)))

    def some(self, count: int) -> np.ndarray:
        own = unit(self.chance.standard_normal((count, face_embedding.NUMBERS)))
        return unit(COMMON * self.mean + np.sqrt(1 - COMMON**2) * own)

    def again(self, faces: np.ndarray) -> np.ndarray:
        """Another picture of each, at the distance of two pictures of a person."""
        wanted = np.clip(self.chance.normal(SAME, SPREAD, len(faces)), 0.15, 0.9)[:, None]
        aside = self.chance.standard_normal(faces.shape)
        aside = unit(aside - (aside * faces).sum(1, keepdims=True) * faces)
        cosine = 1 - wanted**2 / 2
        return unit(cosine * faces + np.sqrt(1 - cosine**2) * aside)


def main(count: int) -> None:
    people = People()
    admission = people.some(count)
    portraits = people.again(admission)
    order = people.chance.permutation(count)
    exchanged = order[: 2 * EXCHANGED].reshape(-1, 2)
    strange = order[2 * EXCHANGED :][:STRANGE]
    doubled = order[2 * EXCHANGED + STRANGE :][:DOUBLED]
    shown = order[2 * EXCHANGED + STRANGE + DOUBLED :][:DOUBLED]  # who stands before the camera for the doubled
    portraits[exchanged.ravel()] = people.again(admission[exchanged[:, ::-1].ravel()])
    portraits[strange] = people.some(STRANGE)
    portraits[doubled] = people.again(admission[shown])
    students = np.arange(1, count + 1)
    faces = Faces(np.tile(students, 2), np.r_[np.zeros(count, np.int64), students], np.vstack([admission, portraits]))
    sealing(portraits[:1000])
    speed(faces, portraits)
    found(faces, admission, portraits, exchanged, strange, doubled)


def sealing(numbers: np.ndarray) -> None:
    rows = [
        (encryption.encrypt_bytes(face_embedding.to_bytes(one), place_of(n, n)), n) for n, one in enumerate(numbers, 1)
    ]
    started = time.process_time()
    face_embedding.from_bytes(*(encryption.decrypt_bytes(sealed, place_of(n, n)) for sealed, n in rows))
    each = (time.process_time() - started) / len(rows)
    print(f"decrypting 30,000 faces: {each * 30_000 * 1000:.0f} ms, once a worker and school, besides reading the rows")


def speed(faces: Faces, portraits: np.ndarray) -> None:
    times = []
    for n in range(0, len(portraits), len(portraits) // 100):
        started = time.perf_counter()
        faces.nearest_photos(portraits[n], but=n + 1, limit=NEAR or 0, most=5)
        faces.nearest_admission(portraits[n], but=n + 1)
        times.append(time.perf_counter() - started)
    print(
        f"one search among {len(faces.students)} faces: {np.median(times) * 1000:.1f} ms, at most {max(times) * 1000:.1f} ms"
    )


def found(
    faces: Faces,
    admission: np.ndarray,
    portraits: np.ndarray,
    exchanged: np.ndarray,
    strange: np.ndarray,
    doubled: np.ndarray,
) -> None:
    own = np.linalg.norm(admission - portraits, axis=1)
    warned = set(np.flatnonzero(own > (FAR or 2)).tolist())
    wrong = {*exchanged.ravel().tolist(), *strange.tolist(), *doubled.tolist()}
    pairs = set()
    for n in warned:
        nearest = faces.nearest_admission(portraits[n], but=n + 1)
        if nearest and nearest[1] <= min(FAR or 2, own[n]):
            other = nearest[0] - 1
            if np.linalg.norm(portraits[other] - admission[n]) <= (FAR or 2):
                pairs.add(tuple(sorted((n, other))))
    put_in = {tuple(sorted(pair)) for pair in exchanged.tolist()}
    print(f"exchanged pairs: {len(pairs & put_in)} of {len(put_in)} found, {len(pairs - put_in)} named in vain")
    print(f"stand-ins from outside: {len(warned & set(strange.tolist()))} of {len(strange)}")
    print(
        f"not the own face: {len(warned & wrong)} of {len(wrong)} warned, {len(warned - wrong)} of the others in vain"
    )
    named = sum(by_admission(faces, portraits, n) for n in doubled.tolist())
    print(f"students whose photo fits another's admission photo: {named} of {len(doubled)}")
    alike = same_faces(portraits)
    print(
        f"students whose photo shows another's face: {len(alike & set(doubled.tolist()))} of {len(doubled)}", end="; "
    )
    print(f"{alike_pairs(portraits)} pairs within {NEAR}")


def by_admission(faces: Faces, portraits: np.ndarray, n: int) -> bool:
    nearest = faces.nearest_admission(portraits[n], but=n + 1)
    return nearest is not None and nearest[1] <= (FAR or 2)


def near(portraits: np.ndarray) -> np.ndarray:
    """Pairs (n, 2) of portraits within the limit."""
    least = 1 - (NEAR or 0) ** 2 / 2
    pairs = []
    for start in range(0, len(portraits), BATCH):
        rows, columns = np.nonzero(portraits[start : start + BATCH] @ portraits.T > least)
        keep = rows + start < columns
        pairs.append(np.stack([rows[keep] + start, columns[keep]], axis=1))
    return np.concatenate(pairs)


def same_faces(portraits: np.ndarray) -> set[int]:
    return set(near(portraits).ravel().tolist())


def alike_pairs(portraits: np.ndarray) -> int:
    return len(near(portraits))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 30_000)
