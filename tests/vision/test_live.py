"""The film before the shutter: what is read, and what tells a head before a wall from a picture of one."""

import json

import cv2
import numpy as np
import pytest

from bench.judging.live import scenes
from bench.judging.live.films import Conditions
from bench.judging.live.films import film as made_film
from demo.drawn_people import Person, draw_portrait
from tests.vision.test_rules import COMPLIANT
from vision import live
from vision.live import film
from vision.live.film import Frame, NotAFilm
from vision.rules import judge

SHAKEN = Conditions(shake=4, sway=3, turn=1, noise=2, flicker=0)


def jpeg(width: int = 192, height: int = 256, seed: int = 0) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 255, (height // 8, width // 8, 3), np.uint8)
    return cv2.imencode(".jpg", cv2.resize(pixels, (width, height)))[1].tobytes()


def frames(*pictures: bytes) -> list[Frame]:
    return [Frame(100 * (len(pictures) - n), picture) for n, picture in enumerate(pictures)]


def warned(measures: dict[str, float]) -> bool:
    return "live" in [finding.rule for finding in judge({**COMPLIANT, **measures}).findings]


def test_a_film_is_what_was_packed():
    given = frames(*(jpeg(seed=n) for n in range(5)))
    assert film.read(film.pack(given)) == given


GOOD = film.pack(frames(*(jpeg(seed=n) for n in range(4))))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n",
        GOOD[:-1],
        GOOD + b"x",
        GOOD + b"x" * film.MAX_BYTES,
        b" " * 5000 + GOOD,
        b"[" * 1900 + b"\n",
        b'{"frames": 3}\n',
        b'{"frames": [1, 2, 3]}\n',
        GOOD.replace(b'"at": 400', b'"at": 1e9'),
        GOOD.replace(b'"at": 400', b'"at": 1'),
        GOOD.replace(b'"at": 400', b'"at": true'),
        film.pack(frames(jpeg(), jpeg())),
        film.pack(frames(*[jpeg()] * 13)),
        film.pack(frames(jpeg(), jpeg(), jpeg(96, 128))),
        film.pack(frames(*[jpeg(640, 640)] * 3)),
        film.pack(frames(*[jpeg(40, 40)] * 3)),
        film.pack(frames(*[jpeg()[:2000]] * 3)),
        film.pack(frames(*[b"<svg/>"] * 3)),
        film.pack(frames(*[cv2.imencode(".png", np.zeros((256, 192, 3), np.uint8))[1].tobytes()] * 3)),
    ],
)
def test_what_is_no_film_is_refused(data):
    with pytest.raises(NotAFilm):
        film.read(data)


def test_sizes_that_promise_more_than_came_are_refused():
    line, _, rest = GOOD.partition(b"\n")
    facts = json.loads(line)
    facts["frames"][0]["size"] += 100_000
    with pytest.raises(NotAFilm):
        film.read(json.dumps(facts).encode() + b"\n" + rest)


@pytest.fixture(scope="module")
def person():
    return scenes.person_of("a", np.asarray(draw_portrait(Person.random(3), size=(scenes.WIDTH, scenes.HEIGHT))))


def measured(scene, seed: int) -> dict[str, float]:
    pictures, _lights = made_film(scene, np.random.default_rng(seed), SHAKEN)
    return live.measure(frames(*pictures))


def test_a_head_before_a_wall_moves_otherwise_than_its_picture(person):
    chance = np.random.default_rng(1)
    alive = measured(scenes.live(person, chance, distance=0.4, wall_kind="plaster", behind=0.8), seed=5)
    picture = scenes.with_wall(person, scenes.wall("plaster", chance, scenes.wall_colour(person)))
    flat = measured(scenes.plane(picture, chance, distance=0.4), seed=5)
    assert flat["live_motion"] > 0.01
    assert alive["live_share"] > 2 * flat["live_share"]
    assert alive["live_relief"] > 2 * flat["live_relief"]
    assert warned(flat)
    assert not warned(alive)


def test_one_picture_again_and_again_is_noticed():
    picture = np.asarray(draw_portrait(Person.random(3), size=(192, 256)))
    still = cv2.imencode(".jpg", picture[..., ::-1])[1].tobytes()
    measures = live.measure(frames(*[still] * 6))
    assert measures["live_distinct"] == 1
    assert warned(measures)


def test_where_nobody_is_seen_nothing_is_said():
    assert live.measure(frames(*(jpeg(seed=n) for n in range(5)))) == {"live_distinct": 5}
    assert not warned({"live_distinct": 5})
