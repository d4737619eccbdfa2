"""How well the film before the shutter tells a head before a wall from a flat picture of one.

    .venv/bin/python -m bench.judging.live --drawn 12 [--faces DIR --most 12] [--kept FILE]

Each person is filmed in every way of `WAYS`, each time by another hand, before another wall and at another distance. Limits are
chosen on one half of people and cameras and told on the other. FILE keeps the measures (JSON lines), so that limits can be tried
in a second; what stands in it is not filmed again.
"""

from __future__ import annotations

import argparse
import json
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from bench.judging.live import left_out, scenes
from bench.judging.live.films import Conditions, film
from bench.judging.live.scenes import Grid, Person, Scene
from demo.drawn_people import Person as DrawnPerson
from demo.drawn_people import draw_portrait
from vision import live
from vision.evaluation.shares import Share
from vision.live.film import Frame

# (quality of the JPEG, noise, whether small frames are aliased): the first two choose, the others tell.
CAMERAS = ((80, 2.0, False), (72, 4.5, True), (84, 3.0, True), (76, 6.0, False))
WALLS = ("plain", "plaster", "room")
FAR = 0.40  # m
Row = dict[str, Any]


@dataclass(frozen=True)
class Take:
    """What differs from film to film."""

    chance: np.random.Generator
    distance: float
    wall: str
    conditions: Conditions


def take_of(name: str, way: str, camera: int) -> Take:
    chance = np.random.default_rng(zlib.crc32(f"{name} {way}".encode()))
    quality, noise, aliased = CAMERAS[camera]
    conditions = Conditions(
        shake=chance.uniform(1.5, 6),
        sway=chance.uniform(1, 5),
        turn=chance.uniform(0.4, 2),
        page_light=float(np.exp(chance.uniform(np.log(0.01), np.log(0.12)))),
        noise=noise,
        flicker=chance.uniform(0, 0.03),
        quality=quality,
        aliased=aliased,
        delay=chance.uniform(0, 0.18),
    )
    return Take(chance, chance.uniform(0.25, 0.60), WALLS[int(chance.integers(3))], conditions)


def _living(person: Person, take: Take) -> Scene:
    behind = take.chance.uniform(0.3, 2)
    return scenes.live(person, take.chance, distance=max(0.3, take.distance), wall_kind=take.wall, behind=behind)


def _picture(person: Person, take: Take) -> np.ndarray:
    return scenes.with_wall(person, scenes.wall(take.wall, take.chance, scenes.wall_colour(person)))


def _grid(take: Take) -> Grid:
    """At arm's length a camera pixel of the video sees half a lamp to two and a half."""
    return Grid(take.chance.uniform(0.5, 2.6), take.chance.uniform(0.1, 0.4), take.chance.uniform(-6, 6))


def _plane(person: Person, take: Take, **how: Any) -> Scene:
    return scenes.plane(_picture(person, take), take.chance, distance=take.distance, **how)


def _print(**how: Any) -> Callable[[Person, Take], tuple[list[bytes], list[float]]]:
    return lambda person, take: film(_plane(person, take, **how), take.chance, take.conditions)


def _bent(person: Person, take: Take) -> tuple[list[bytes], list[float]]:
    return film(_plane(person, take, bend=take.chance.uniform(1, 4)), take.chance, take.conditions)


def _screen(border: str) -> Callable[[Person, Take], tuple[list[bytes], list[float]]]:
    def made(person: Person, take: Take) -> tuple[list[bytes], list[float]]:
        scene = _plane(person, take, grid=_grid(take), border=border, lit=0.02)
        return film(scene, take.chance, take.conditions)

    return made


def _hand(person: Person, take: Take) -> tuple[list[bytes], list[float]]:
    return film(_living(person, take), take.chance, take.conditions)


def _stand(person: Person, take: Take) -> tuple[list[bytes], list[float]]:
    still = Conditions(**{**vars(take.conditions), "shake": 0.0})
    return film(_living(person, take), take.chance, still)


def _replay(person: Person, take: Take) -> tuple[list[bytes], list[float]]:
    pictures: list[np.ndarray] = []
    film(_living(person, take), take.chance, take.conditions, seen_by_eye=pictures)
    grid = _grid(take)
    shown = [
        scenes.plane(picture.astype(np.uint8), take.chance, distance=take.distance, grid=grid, lit=0.02)
        for picture in pictures
    ]
    return film(shown[0], take.chance, take.conditions, shown=shown)


def _moved_still(person: Person, take: Take) -> tuple[list[bytes], list[float]]:
    """A program that gives itself out for a camera, and shakes one picture a little."""
    clean = Conditions(**{**vars(take.conditions), "noise": 0.0, "flicker": 0.0, "drift": 0.0})
    return film(_plane(person, take), take.chance, clean)


WAYS = {
    "alive, in the hand": _hand,
    "alive, on a stand": _stand,
    "print": _print(),
    "print, bent": _bent,
    "print with a border": _print(border="paper"),
    "screen": _screen(""),
    "screen with its rim": _screen("bezel"),
    "one picture, shaken by a program": _moved_still,
    "film on a screen": _replay,
}
LEFT_OUT = ("live_light_sure", "mesh_share", "moving_colour")
ALIVE = ("alive, in the hand", "alive, on a stand")


def people(drawn: int, faces: Path | None, most: int) -> Iterator[Person]:
    for seed in range(drawn):
        picture = np.asarray(draw_portrait(DrawnPerson.random(seed), size=(scenes.WIDTH, scenes.HEIGHT)))
        if person := scenes.person_of(f"drawn {seed}", picture):
            yield person
    for path in sorted(faces.glob("neutral_*.jpg"))[:most] if faces else ():
        picture = np.ascontiguousarray(cv2.imread(str(path))[..., ::-1])
        if person := scenes.person_of(path.stem, picture):
            yield person


def measured(person: Person, way: str, number: int) -> Row:
    half = number % 2
    camera = 2 * half + number // 2 % 2
    take = take_of(person.name, way, camera)
    pictures, lights = WAYS[way](person, take)
    frames = [Frame(1000 - 100 * n, picture) for n, picture in enumerate(pictures)]
    found: Row = dict(live.measure(frames))
    found |= left_out.measure(live.pixels(frames), lights)
    about = {"who": person.name, "way": way, "half": half, "wall": take.wall, "distance": round(take.distance, 3)}
    return about | {"bytes": sum(map(len, pictures))} | found


def is_flat(row: Row, relief: float, share: float) -> bool:
    """By the limits in percent."""
    relief, share = relief / 100, share / 100
    return "live_relief" in row and row["live_relief"] < relief and row["live_share"] < share


def chosen(rows: list[Row]) -> tuple[float, float]:
    """The limits that find most flat pictures without one living person, a tenth away from the nearest."""
    living = [row for row in rows if row["way"] in ALIVE]
    flat = [row for row in rows if row["way"] not in (*ALIVE, "film on a screen")]
    best, found = (0.0, 0.0), -1
    for relief in np.arange(0.10, 1.0, 0.02):
        for share in np.arange(2, 50, 0.5):
            if any(is_flat(row, relief * 1.1, share * 1.1) for row in living):
                continue
            number = sum(is_flat(row, relief, share) for row in flat)
            if number > found:
                best, found = (round(float(relief), 2), round(float(share), 1)), number
    return best


def report(rows: list[Row]) -> None:
    relief, share = chosen([row for row in rows if row["half"] == 0])
    print(f"chosen on one half: relief below {relief} % of the face's width, and below {share} % of the motion")
    for way in WAYS:
        told = [row for row in rows if row["way"] == way and row["half"] == 1]
        near, far = ([row for row in told if (row["distance"] > FAR) is side] for side in (False, True))
        shares = [Share(sum(is_flat(row, relief, share) for row in some), len(some)) for some in (near, far, told)]
        print(f"{way:34}" + "  ".join(f"{one.hits}/{one.of}" for one in shares), _spread(told, "live_relief"), end="")
        print("  part", _spread(told, "live_share"), " motion", _spread(told, "live_motion"))
    print("left out, all people (least/median/most):")
    for way in WAYS:
        some = [row for row in rows if row["way"] == way]
        print(f"{way:34}" + "  ".join(f"{name} {_spread(some, name, 1)}" for name in LEFT_OUT))


def _spread(rows: list[Row], name: str, factor: float = 100) -> str:
    values = [row[name] * factor for row in rows if row.get(name) is not None]
    return "/".join(f"{value:.2f}" for value in np.percentile(values, (0, 50, 100))) if values else "-"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--drawn", type=int, default=12)
    parser.add_argument("--faces", type=Path)
    parser.add_argument("--most", type=int, default=12)
    parser.add_argument("--kept", type=Path)
    asked = parser.parse_args()
    rows = (
        [json.loads(line) for line in asked.kept.read_text().splitlines()] if asked.kept and asked.kept.exists() else []
    )
    known = {(row["who"], row["way"]) for row in rows}
    for number, person in enumerate(people(asked.drawn, asked.faces, asked.most)):
        for way in WAYS:
            if (person.name, way) in known:
                continue
            rows.append(measured(person, way, number))
            if asked.kept:
                with asked.kept.open("a") as file:
                    file.write(json.dumps(rows[-1]) + "\n")
    report(rows)


if __name__ == "__main__":
    main()
