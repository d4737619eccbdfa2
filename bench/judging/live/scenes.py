"""What stands before the camera: a person in relief before a wall, or a picture of one on a plane.

A scene is a list of layers, from back to front. Each has a depth in metres for each of its pixels, and moves as a whole or in
parts with what it belongs to: a head, a hand that holds a sheet.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from scipy.interpolate import LinearNDInterpolator, NearestNDInterpolator

from vision.crops.face import CHEEK_LEFT, CHEEK_RIGHT, CHIN, OVAL
from vision.networks.mediapipe_graphs import face_meshes, person_mask

WIDTH, HEIGHT = 480, 640  # px of the camera's 3:4 part
FACE = 0.40  # of the width, as the oval asks
EYE_LINE = 0.42
HEAD = 0.15  # m, cheek to cheek
BODY = 0.10  # m that shoulders and clothes lie behind the middle of the head
PIVOT = (0.10, 0.09)  # m below and behind: where a head turns
COARSE = 4

Floats = np.ndarray


@dataclass(frozen=True)
class Layer:
    """`rgb`: linear light; `alpha`: cover; `depth`: m; `held`: share of the object's own motion; `lit`: how much of the page's
    light it gives back, against a face at the same place.
    """

    rgb: Floats
    alpha: Floats
    depth: Floats
    held: Floats
    lit: Floats
    grid: Grid | None = None


@dataclass(frozen=True)
class Grid:
    """The lamps of a display: px of the camera from one to the next, and how much darker it is between them."""

    pitch: float
    contrast: float
    angle: float


@dataclass(frozen=True)
class Scene:
    layers: list[Layer]
    focal: float  # px
    pivot: tuple[float, float, float]


@dataclass(frozen=True)
class Person:
    """A picture of somebody in the camera's frame, and what lies where."""

    name: str
    rgb: np.ndarray  # uint8
    relief: Floats  # m behind the middle of the head
    mask: Floats
    head: Floats  # share of the head's motion


def linear(rgb: np.ndarray) -> Floats:
    return (rgb.astype(np.float32) / 255) ** 2.2


def framed(picture: np.ndarray) -> np.ndarray | None:
    """Scaled so that the face stands as in the oval; what is missing repeats the border. None without a face."""
    found = face_meshes(picture)
    if not found:
        return None
    points = found[0][:, :2]
    scale = FACE * WIDTH / np.linalg.norm(points[CHEEK_RIGHT] - points[CHEEK_LEFT])
    eyes = points[[33, 263]].mean(0)
    matrix = np.array([[scale, 0, WIDTH / 2 - eyes[0] * scale], [0, scale, HEIGHT * EYE_LINE - eyes[1] * scale]])
    if scale < 0.6:
        picture = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        matrix[:, :2] = np.eye(2)
    return cv2.warpAffine(
        picture, matrix.astype(np.float32), (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )


def person_of(name: str, picture: np.ndarray) -> Person | None:
    rgb = framed(picture)
    found = face_meshes(rgb) if rgb is not None else []
    if rgb is None or not found:
        return None
    points = found[0]
    mask = np.asarray(person_mask(rgb), np.float32)
    mask = cv2.GaussianBlur(np.clip((mask - 0.3) / 0.4, 0, 1), (0, 0), 1.5)
    relief, head = _relief(points)
    return Person(name, rgb, relief, mask, head)


def _relief(points: np.ndarray) -> tuple[Floats, Floats]:
    wide = float(np.linalg.norm(points[CHEEK_RIGHT, :2] - points[CHEEK_LEFT, :2]))
    depth = points[:, 2] / wide * HEAD
    depth = depth - depth[list(OVAL)].mean() + 0.02  # the rim of a face lies a little behind the middle of a head
    y, x = np.mgrid[0 : HEIGHT // COARSE, 0 : WIDTH // COARSE] * float(COARSE)
    inside = LinearNDInterpolator(points[:, :2], depth)(x, y)
    outside = NearestNDInterpolator(points[:, :2], depth)(x, y)
    field_ = np.where(np.isnan(inside), np.minimum(outside + 0.02, 0.06), inside).astype(np.float32)
    chin = points[CHIN, 1]
    below = np.clip((y - chin) / (0.35 * wide), 0, 1).astype(np.float32)
    field_ = cv2.GaussianBlur(field_ * (1 - below) + BODY * below, (0, 0), 1.5)
    size = (WIDTH, HEIGHT)
    return cv2.resize(field_, size), cv2.resize(1 - 0.85 * below, size)


def wall(kind: str, chance: np.random.Generator, colour: np.ndarray) -> np.ndarray:
    """A wall as uint8 RGB: "plain", "plaster" (a little texture) or "room" (edges, a door, pictures)."""
    base = np.ones((HEIGHT, WIDTH, 3), np.float32) * colour.astype(np.float32)
    across = np.linspace(-1, 1, WIDTH, dtype=np.float32)[None, :, None]
    base *= 1 + 0.05 * float(chance.uniform(-1, 1)) * across
    if kind != "plain":
        noise = cv2.GaussianBlur(chance.normal(0, 1, (HEIGHT, WIDTH)).astype(np.float32), (0, 0), 4)
        base += (noise / noise.std() * 3.0)[..., None]
    if kind == "room":
        for _ in range(7):
            x, y = int(chance.uniform(0, WIDTH)), int(chance.uniform(0, HEIGHT))
            w, h = int(chance.uniform(40, 260)), int(chance.uniform(40, 400))
            cv2.rectangle(base, (x, y), (x + w, y + h), tuple(map(float, chance.uniform(40, 230, 3))), -1)
    return np.clip(base, 0, 255).astype(np.uint8)


def _flat(depth: float) -> Floats:
    return np.full((HEIGHT, WIDTH), depth, np.float32)


def wall_colour(person: Person) -> np.ndarray:
    behind = person.rgb[person.mask < 0.05]
    return np.median(behind, 0) if len(behind) > 100 else np.array([200.0, 200, 200])


def live(person: Person, chance: np.random.Generator, *, distance: float, wall_kind: str, behind: float) -> Scene:
    """A living person, `distance` m away, `behind` m before a wall."""
    focal = FACE * WIDTH * distance / HEAD
    back = wall(wall_kind, chance, wall_colour(person))
    far = distance + behind
    one = np.ones((HEIGHT, WIDTH), np.float32)
    light = (distance / (distance + np.clip(person.relief, -0.1, 0.2))) ** 2
    return Scene(
        [
            Layer(linear(back), one, _flat(far), 0 * one, one * (distance / far) ** 2),
            Layer(linear(person.rgb), person.mask, distance + person.relief, person.head, light),
        ],
        focal,
        (0.0, PIVOT[0], distance + PIVOT[1]),
    )


def with_wall(person: Person, back: np.ndarray) -> np.ndarray:
    """The whole picture as a photo shows it."""
    cover = person.mask[..., None]
    return (person.rgb * cover + back * (1 - cover)).astype(np.uint8)


def plane(
    picture: np.ndarray,
    chance: np.random.Generator,
    *,
    distance: float,
    bend: float = 0.0,
    border: str = "",
    grid: Grid | None = None,
    lit: float = 1.0,
    held: float = 1.0,
) -> Scene:
    """A picture on a plane that fills the view, or with a `border` ("bezel" dark, "paper" white) a part of it, before a room.

    `bend`: 1 / radius in 1 / m, of a sheet that is bent about its upright axis.
    """
    focal = 1.06 * WIDTH
    one = np.ones((HEIGHT, WIDTH), np.float32)
    x = (np.arange(WIDTH, dtype=np.float32) - WIDTH / 2) / focal * distance
    depth = np.broadcast_to(distance + 0.5 * bend * x**2, (HEIGHT, WIDTH)).astype(np.float32)
    layers, alpha, shown = [], one, picture
    if border:
        margin, rim = 0.10, 0.03
        box = [round(margin * WIDTH), round(margin * HEIGHT), round((1 - margin) * WIDTH), round((1 - margin) * HEIGHT)]
        edge = round(rim * WIDTH)
        shown = picture.copy()
        framed_ = np.zeros((HEIGHT, WIDTH), np.float32)
        cv2.rectangle(framed_, (box[0] - edge, box[1] - edge), (box[2] + edge, box[3] + edge), 1.0, -1)
        inner = np.zeros((HEIGHT, WIDTH), np.uint8)
        cv2.rectangle(inner, (box[0], box[1]), (box[2], box[3]), 1, -1)
        shown[inner == 0] = (18, 18, 20) if border == "bezel" else (235, 235, 232)
        alpha = cv2.GaussianBlur(framed_, (0, 0), 0.8)
        far = distance + float(chance.uniform(0.4, 1.5))
        room = wall("room", chance, chance.uniform(90, 220, 3))
        layers.append(Layer(linear(room), one, _flat(far), 0 * one, one * (distance / far) ** 2))
    layers.append(Layer(linear(shown), alpha, depth, one * held, one * lit, grid))
    return Scene(layers, focal, (0.0, 0.10, distance))
