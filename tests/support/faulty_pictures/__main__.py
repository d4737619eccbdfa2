"""Writes the photos and labels.csv: file, expected, group, kind, strength."""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterator
from pathlib import Path

import cv2

from demo.drawn_people.person import Person
from tests.support.faulty_pictures import (
    CONTROLS,
    LEFT_TO_REVIEWERS,
    MAKERS,
    STRENGTHS,
    Make,
    Subject,
    __doc__,
    compliant,
    eyes,
    groups_of,
)

COLUMNS = ("file", "expected", "group", "kind", "strength")
WORN = "glasses"
LEAST_CHANGE = 12  # levels in some px: less is what developing the picture again leaves
NARROW_EYES = 0.265  # gap of the lids over the width of the eye: a sixth of the people we measured with


def main() -> None:
    options = _options()
    options.out.mkdir(parents=True, exist_ok=True)
    wanted = set(options.only.split(",")) if options.only else None
    given = groups_of(options.faces)
    with (options.out / "labels.csv").open("w", newline="") as file:
        labels = csv.writer(file)
        labels.writerow(COLUMNS)
        for seed, (name, data) in enumerate(compliant(options.faces, options.people)):
            (options.out / f"{name}.jpg").write_bytes(data)
            subject = Subject(data, seed)
            groups = " ".join(
                filter(None, (given.get(name), group(subject), "" if options.faces else glasses_of_drawn(seed)))
            )
            labels.writerow([f"{name}.jpg", "", groups, "", ""])
            for number, (expected, maker) in enumerate(_kinds(wanted)):
                for strength in range(len(STRENGTHS)) if options.every else [(seed + number) % len(STRENGTHS)]:
                    subject.begin(strength)
                    file_name = f"{name}_{maker.__name__}_{STRENGTHS[strength]}.jpg"
                    worn = f" {WORN}" if maker is eyes.in_glasses else ""
                    if _write(options.out / file_name, maker, subject):
                        labels.writerow([file_name, expected, groups + worn, maker.__name__, STRENGTHS[strength]])


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("faces", nargs="?", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--people", type=int, default=51)
    parser.add_argument("--only", default="", help="rules, or names of makers")
    parser.add_argument("--every", action="store_true", help="all three strengths of every person, not one by turns")
    return parser.parse_args()


def _kinds(wanted: set[str] | None) -> Iterator[tuple[str, Make]]:
    """What is expected, with a question mark where the engine does not claim to see it, and who makes it."""
    for mark, makers in (("", MAKERS), ("?", LEFT_TO_REVIEWERS), ("", CONTROLS)):
        for rule, made in makers.items():
            names = {rule.partition(":")[0]}
            yield from ((mark + rule, maker) for maker in made if not wanted or wanted & (names | {maker.__name__}))


def _write(path: Path, maker: Make, subject: Subject) -> bool:
    """False when the maker found nothing to change."""
    rgb = maker(subject)
    if rgb.shape == subject.rgb.shape and cv2.absdiff(rgb, subject.rgb).max() < LEAST_CHANGE:
        return False
    return cv2.imwrite(str(path), rgb[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 92])


def group(subject: Subject) -> str:
    """Skin by the lightness of the cheeks, eyes by their aspect."""
    lightness = subject.measures["skin"][0]
    skin = "dark" if lightness < 40 else "medium" if lightness < 58 else "light"
    eyes = "narrow" if subject.measures["eye_aspect"] < NARROW_EYES else "wide"
    return f"skin-{skin} eyes-{eyes}"


def glasses_of_drawn(seed: int) -> str:
    """Only of drawn people it is known who wears glasses."""
    return WORN if Person.random(seed).glasses else ""


if __name__ == "__main__":
    main()
