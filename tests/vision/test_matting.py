"""Cutting out, against alpha that is known."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from tests.vision.pictures import jpeg
from vision import check, make_portrait
from vision.portrait.closed_form_matting import closed_form_alpha
from vision.portrait.matting import alpha_from_colours, compute_matte
from vision.portrait.trimap import Trimap, clothes_colour

HEIGHT, WIDTH = 640, 480
PERSON = np.array([0.25, 0.2, 0.18], np.float32)
WALL = np.array([0.85, 0.86, 0.84], np.float32)


@pytest.fixture
def alpha() -> np.ndarray:
    """A head and shoulders with single strands of hair, soft at their edges."""
    shape = np.zeros((HEIGHT, WIDTH), np.float32)
    cv2.ellipse(shape, (240, 250), (105, 150), 0, 0, 360, 1.0, -1)
    cv2.rectangle(shape, (90, 460), (390, 640), 1.0, -1)
    cv2.rectangle(shape, (190, 350), (290, 470), 1.0, -1)
    for x in range(150, 330, 12):
        cv2.line(shape, (x, 130), (x + (x - 240) // 4, 92), 1.0, 2)
    return cv2.GaussianBlur(shape, (0, 0), 1.0)


def photo_of(alpha: np.ndarray, wall: np.ndarray, noise: float = 0.01) -> np.ndarray:
    grain = np.random.default_rng(1).normal(0, noise, (HEIGHT, WIDTH, 3))
    return np.clip(alpha[..., None] * PERSON + (1 - alpha[..., None]) * wall + grain, 0, 1).astype(np.float32)


def rough_mask(alpha: np.ndarray) -> np.ndarray:
    """What a network gives: the outline to some 10 px, without strands."""
    return cv2.GaussianBlur(cv2.morphologyEx(alpha, cv2.MORPH_OPEN, np.ones((15, 15))), (0, 0), 6)


def oval() -> np.ndarray:
    angles = np.linspace(0, 2 * np.pi, 36)
    return np.stack([240 + 85 * np.cos(angles), 270 + 110 * np.sin(angles)], 1)


def test_strands_before_a_plain_wall_are_resolved(alpha):
    mask = rough_mask(alpha)
    made = compute_matte(photo_of(alpha, WALL), mask, 380.0, oval())
    error, error_of_mask = np.abs(made.alpha - alpha), np.abs(mask - alpha)

    assert error.mean() < 0.25 * error_of_mask.mean()
    assert error[90:130, 130:350].mean() < 0.6 * error_of_mask[90:130, 130:350].mean()
    assert made.edge < 0.06


def test_colours_of_the_person_hold_no_wall(alpha):
    made = compute_matte(photo_of(alpha, WALL), rough_mask(alpha), 380.0, oval())
    mixed = (alpha > 0.4) & (alpha < 0.9) & (made.alpha > 0.2)

    assert np.abs(made.person[mixed] - PERSON).mean() < 0.08


def test_busy_wall_is_graded_rough(alpha):
    blobs = np.random.default_rng(2).normal(0, 1, (HEIGHT, WIDTH, 3)).astype(np.float32)
    busy = 0.5 + 4 * cv2.GaussianBlur(blobs, (0, 0), 6)

    assert compute_matte(photo_of(alpha, np.clip(busy, 0, 1)), rough_mask(alpha), 380.0, oval()).edge > 0.15


def test_rough_outline_warns_the_reviewer(draw):
    person = np.asarray(draw(2)).astype(np.float32)
    unlike_wall = np.abs(person - person[5, 5]).max(2) > 60
    stripes = np.where((np.arange(person.shape[1]) // 14 % 2)[None, :, None] > 0, 40.0, 220.0)
    striped = np.where(cv2.dilate(unlike_wall.astype(np.uint8), np.ones((5, 5)))[..., None] > 0, person, stripes)
    checked = check(jpeg(striped.astype(np.uint8)))

    assert "edge" in [finding.rule for finding in make_portrait(checked.source, checked.measures).findings]


def test_shirt_like_the_wall_stays_whole(alpha):
    """White before white: no colour can tell, so the mask must."""
    photo = photo_of(alpha, WALL)
    photo[470:, 90:391] = WALL * 1.02
    made = compute_matte(photo, rough_mask(alpha), 380.0, oval())

    assert made.alpha[500:, 130:350].min() > 0.9


def test_shine_in_the_colour_of_the_wall_stays_hair():
    """A highlight at the crown looks like half hair, half wall: a mask that is sure of the head decides."""
    shape = (8, 8)
    colours = [np.broadcast_to(colour, (*shape, 3)).astype(np.float32) for colour in (WALL, PERSON)]
    unknown, noise = np.full(shape, 0.5, np.float32), np.full(shape, 0.02, np.float32)
    trimap = Trimap(unknown, colours[0], noise, colours[1], (), None, 0.0)
    mixture = (colours[0] + colours[1]) / 2
    sure, doubtful = (
        alpha_from_colours(mixture, np.full(shape, mask, np.float32), trimap)[0].mean() for mask in (1.0, 0.75)
    )

    assert sure > 0.75
    assert doubtful == pytest.approx(0.5, abs=0.05)


def test_shadow_beside_the_head_is_wall(alpha):
    shade = cv2.GaussianBlur(np.roll(alpha, (6, 22), (0, 1)), (0, 0), 6)[..., None]
    made = compute_matte(photo_of(alpha, WALL * (1 - 0.4 * shade)), rough_mask(alpha), 380.0, oval())
    beside = np.s_[200:330, 352:365]

    assert alpha[beside].max() < 0.05
    assert made.alpha[beside].mean() < 0.1


def test_dark_chair_behind_dark_hair_is_wall(alpha):
    wall = np.broadcast_to(WALL, (HEIGHT, WIDTH, 3)).copy()
    wall[300:, 60:420] = PERSON
    made = compute_matte(photo_of(alpha, wall), rough_mask(alpha), 380.0, oval())

    assert made.alpha[320:440, 65:130].mean() < 0.02
    assert made.alpha[320:440, 350:415].mean() < 0.02
    assert made.edge > 0.1


@pytest.mark.parametrize("doubt", [0.12, 0.6, 1.0])
def test_dark_corner_does_not_stay(alpha, doubt):
    """Whatever the network takes it for, it is not connected with the person."""
    wall = np.broadcast_to(WALL, (HEIGHT, WIDTH, 3)).copy()
    wall[:70, :40] = 0.08
    mask = rough_mask(alpha)
    mask[:70, :40] = doubt
    made = compute_matte(photo_of(alpha, wall), mask, 380.0, oval())

    assert made.alpha[:90, :60].max() == 0
    assert np.abs(made.alpha - alpha)[90:].mean() < 0.02


def test_dark_curl_on_the_neck_is_whole(alpha):
    """The nearest sure person is skin; the curl is explained by the hair above the face."""
    skin, hair = np.array([0.75, 0.6, 0.5], np.float32), np.array([0.12, 0.1, 0.1], np.float32)
    face = np.zeros((HEIGHT, WIDTH), np.float32)
    cv2.ellipse(face, (240, 280), (80, 115), 0, 0, 360, 1.0, -1)
    cv2.rectangle(face, (190, 350), (290, 640), 1.0, -1)
    curl = np.zeros_like(face)
    cv2.ellipse(curl, (300, 420), (16, 24), 0, 0, 360, 1.0, -1)
    face, curl = (cv2.GaussianBlur(part, (0, 0), 1)[..., None] for part in (face, curl))
    colour = np.where(curl > 0.5, hair, face * skin + (1 - face) * hair)
    true = np.maximum(alpha, curl[..., 0])[..., None]
    photo = (true * colour + (1 - true) * WALL).astype(np.float32)
    doubt = 0.4 * cv2.GaussianBlur(curl, (0, 0), 4)  # what the network makes of such hair
    made = compute_matte(photo, np.maximum(rough_mask(alpha), doubt), 400.0, oval())

    assert made.alpha[410:431, 300:311].min() > 0.85


def test_gap_between_a_curl_and_the_shoulder_is_wall(alpha):
    """The network half takes it for the person, and hardly a strand crosses it."""
    loop = alpha.copy()
    cv2.ellipse(loop, (345, 425), (45, 48), 0, 0, 360, 1.0, 12)
    inside, seen = np.zeros_like(loop), np.zeros_like(loop)
    cv2.ellipse(inside, (345, 425), (30, 33), 0, 0, 360, 1.0, -1)
    cv2.ellipse(seen, (345, 425), (51, 54), 0, 0, 360, 0.75, -1)
    seen[380:] = np.maximum(seen[380:], cv2.GaussianBlur(loop, (0, 0), 3)[380:])
    made = compute_matte(photo_of(loop, WALL), np.maximum(rough_mask(alpha), seen), 380.0, oval())

    assert made.alpha[(inside > 0) & (loop == 0)].mean() < 0.03


def test_closed_form_keeps_what_is_known_and_fills_the_rest(alpha):
    known = np.where(alpha > 0.999, 1.0, np.where(alpha < 0.001, 0.0, 0.5)).astype(np.float32)
    nothing = np.zeros_like(known)
    solved = closed_form_alpha(photo_of(alpha, WALL, noise=0.0), known, known, nothing)

    np.testing.assert_array_equal(solved[known != 0.5], known[known != 0.5])
    assert np.abs(solved - alpha)[known == 0.5].mean() < 0.08


def test_closed_form_with_nothing_unknown_is_the_trimap():
    known = np.zeros((64, 48), np.float32)
    known[:, 24:] = 1

    np.testing.assert_array_equal(closed_form_alpha(np.zeros((64, 48, 3), np.float32), known, known, known), known)


def test_a_photo_that_shows_no_body_has_no_colour_of_clothes():
    everything = np.array([(0, 0), (WIDTH, 0), (WIDTH, HEIGHT), (0, HEIGHT)], np.float32)
    rgb = np.full((HEIGHT, WIDTH, 3), 0.5, np.float32)

    assert clothes_colour(rgb, np.zeros((HEIGHT, WIDTH), np.float32), 300, everything) is None
