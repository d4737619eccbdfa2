"""The four numbers of a frame, there and back."""

import numpy as np
import pytest

from vision.portrait.automatic_crop import choose_crop, portrait_geometry
from vision.portrait.head_position import HeadPosition, crop_for, frame_numbers, out_of_range, position_of

SIZE = np.array([1200, 1600])
# A head a little tilted and off the middle.
HEAD = {"eyes": [[0.42, 0.40], [0.58, 0.41]], "cheeks": [[0.35, 0.47], [0.65, 0.48]], "hair_top": [0.5, 0.2]}


@pytest.mark.parametrize(
    "position", [HeadPosition(200, 255, 0, 0), HeadPosition(300, 200, -40, 5), HeadPosition(181.3, 299.9, 39.2, -4.7)]
)
def test_crop_puts_the_head_where_the_numbers_say(position):
    crop = crop_for(position, HEAD, SIZE)
    found = portrait_geometry(crop, HEAD, SIZE)
    assert found["face_width"] == pytest.approx(position.face_width, abs=0.1)
    assert found["eye_line"] == pytest.approx(position.eye_line, abs=0.1)
    assert position_of(crop, HEAD, SIZE).as_dict() == position.as_dict()


def test_eyes_lie_where_they_are_put_and_are_tilted_clockwise():
    matrix = crop_for(HeadPosition(220, 240, 15, 3), HEAD, SIZE).matrix(SIZE)
    left, right = (matrix[:, :2] @ (np.array(eye) * SIZE) + matrix[:, 2] for eye in HEAD["eyes"])
    assert (left + right) / 2 == pytest.approx([255, 240], abs=0.01)
    assert np.degrees(np.arctan2(right[1] - left[1], right[0] - left[0])) == pytest.approx(3, abs=0.01)


def test_automatic_frame_is_level_and_inside_the_standard():
    crop, fits = choose_crop(HEAD, SIZE)
    found = frame_numbers(crop, HEAD, SIZE)
    assert fits
    assert found["tilt"] == 0
    assert out_of_range(found, outside=0.02) == []


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({"face_width": 300.0}, []),
        ({"face_width": 300.1}, ["face_width"]),
        ({"eye_line": 199.9, "hair_top": 49.9}, ["eye_line", "hair_top"]),
        ({"sideways": -40.1}, ["sideways"]),
        ({"tilt": 5.1}, ["tilt"]),
        ({"outside": 0.021}, ["outside"]),
    ],
)
def test_numbers_that_leave_the_standard_are_named(changes, names):
    right = {"face_width": 220.0, "eye_line": 255.0, "hair_top": 80.0, "sideways": 0.0, "tilt": 0.0, "outside": 0.0}
    assert out_of_range(right | changes, outside=0.02) == names


def test_any_share_may_lie_outside_where_the_season_sets_no_limit():
    right = {"face_width": 220.0, "eye_line": 255.0, "hair_top": 80.0, "sideways": 0.0, "tilt": 0.0, "outside": 0.5}
    assert out_of_range(right, outside=None) == []
