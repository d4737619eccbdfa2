"""How well the 128 numbers of a face tell whether two photos show one person.

    .venv/bin/python -m bench.likeness.face_comparison FACES

FACES holds photos named LOOK_NUMBER.jpg, where the number is the person, in two looks; the first in the alphabet is taken for the
admission photo. Printed are the distances of one person and of strangers; the limit chosen on one half of the people and tried on
the other; and what happens when the admission photo is small, grey or altered, or the face is partly hidden.
"""

from __future__ import annotations

import sys
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from vision.evaluation.variations import VARIATIONS
from vision.evaluation.variations.original import Original, encode_jpeg
from vision.likeness.face_embedding import embed_face

Picture = np.ndarray
SHOWN = 14


def opened(data: bytes) -> Picture:
    return np.ascontiguousarray(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)[..., ::-1])


def narrowed(width: int, quality: int) -> Callable[[Picture], Picture]:
    def change(picture: Picture) -> Picture:
        height = round(picture.shape[0] * width / picture.shape[1])
        return opened(encode_jpeg(cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA), quality))

    return change


def grey(picture: Picture) -> Picture:
    return cv2.cvtColor(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)


def wider(picture: Picture) -> Picture:
    """The face a tenth wider: a stand-in for weight, and for a lens held near."""
    return cv2.resize(picture, (round(picture.shape[1] * 1.1), picture.shape[0]), interpolation=cv2.INTER_AREA)


ADMISSION: dict[str, Callable[[Picture], Picture]] = {
    "240 px wide": narrowed(240, 75),
    "150 px wide": narrowed(150, 70),
    "100 px wide": narrowed(100, 60),
    "grey": grey,
    "a tenth wider": wider,
}


def people(folder: Path) -> dict[str, list[Path]]:
    found: dict[str, list[Path]] = defaultdict(list)
    for path in sorted(folder.glob("*_*.jpg")):
        found[path.stem.rpartition("_")[2]].append(path)
    return {number: paths[:2] for number, paths in found.items() if len(paths) > 1}


def embedded(pictures: list[Picture]) -> np.ndarray:
    found = [embed_face(picture) for picture in pictures]
    return np.array([numbers if numbers is not None else np.full(128, np.nan) for numbers in found])


def distances(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return np.linalg.norm(one[:, None] - other[None], axis=2)


def report(name: str, table: np.ndarray) -> None:
    same, others = np.diag(table), table[~np.eye(len(table), dtype=bool)]
    lost = int(np.isnan(same).sum())
    print(
        f"{name:26}same {np.nanmedian(same):.2f}, at most {np.nanmax(same):.3f};"
        f" strangers at least {np.nanmin(others):.3f}{f'; no face {lost}' if lost else ''}"
    )


def main(folder: Path) -> None:
    pairs = list(people(folder).values())
    files = [path.read_bytes() for first, _second in pairs for path in [first]]
    admission = [opened(data) for data in files]
    portraits = [opened(second.read_bytes()) for _first, second in pairs]
    started = time.process_time()
    one, other = embedded(admission), embedded(portraits)
    each = (time.process_time() - started) / 2 / len(pairs)
    print(f"{len(pairs)} people; {each * 1000:.0f} ms of processor time a photo")
    table = distances(one, other)
    report("as they are", table)
    held_out(table)
    for name, change in ADMISSION.items():
        report(name, distances(embedded([change(picture) for picture in admission]), other))
    worst = sorted(
        ((name, distances(numbers, other)) for name, numbers in varied(files)),
        key=lambda entry: -float(np.nanmax(np.diag(entry[1]))),
    )
    print(f"the {SHOWN} worst of {len(worst)} alterations:")
    for name, changed in worst[:SHOWN]:
        report(name, changed)


def varied(files: list[bytes]) -> list[tuple[str, np.ndarray]]:
    found: dict[str, list[Picture]] = defaultdict(list)
    for data in files:  # one person after the other: an original takes 70 MB
        original = Original(data)
        for each in VARIATIONS:
            found[each.name].append(embedded([opened(each.of(original))])[0])
    return [(name, np.array(numbers)) for name, numbers in found.items()]


def held_out(table: np.ndarray) -> None:
    """The middle between one person and strangers in one half, tried on the other."""
    for name, chosen in (("odd", 0), ("even", 1)):
        known, unknown = table[chosen::2, chosen::2], table[1 - chosen :: 2, 1 - chosen :: 2]
        off = ~np.eye(len(known), dtype=bool)
        limit = (np.diag(known).max() + known[off].min()) / 2
        off = ~np.eye(len(unknown), dtype=bool)
        false, missed = int((np.diag(unknown) > limit).sum()), int((unknown[off] <= limit).sum())
        print(
            f"limit {limit:.2f} from the {name} half, on the other: {false} of {len(unknown)} warned in vain,"
            f" {missed} of {off.sum()} strangers missed"
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
