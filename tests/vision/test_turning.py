"""Which turn sets a photo upright, from the detector's scores and the tilt of the landmarks."""

import numpy as np
import pytest

from vision.measures.turning import likely_turn


@pytest.mark.parametrize(
    ("scores", "roll", "turn", "is_clear"),
    [
        ((0.95, 0.2, 0.7, 0.1), 1.0, 0, True),
        ((0.3, 0.9, 0.2, 0.1), None, 1, True),
        ((0.3, 0.9, 0.2, 0.88), None, 1, False),
        ((0.7, 0.0, 0.93, 0.0), 2.0, 2, True),  # landmarks of a face upside down pass for upright
        ((0.3, 0.88, 0.2, 0.86), -88.0, 1, True),  # the landmarks tell to which side it lies
        ((0.3, 0.7, 0.2, 0.1), -88.0, 0, True),
    ],
)
def test_the_turn_with_the_surest_face(scores, roll, turn, is_clear):
    assert likely_turn(np.array(scores), roll) == (turn, is_clear)


@pytest.mark.parametrize(
    "scores",
    [
        (0.825, 0.0, 0.839, 0.0),  # measured: a person in thin glasses
        (0.792, 0.776, 0.0, 0.896),  # measured: somebody else at the shoulder
    ],
)
def test_an_upright_face_is_not_taken_for_a_lying_one(scores):
    assert likely_turn(np.array(scores), -1.0) == (0, True)
