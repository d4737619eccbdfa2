"""A second before the shutter, as a camera in a hand sees a scene: its shake, rolling shutter, exposure, lamps that flicker, noise,
and the small JPEG frames that the camera page keeps.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from bench.judging.live.scenes import HEIGHT, WIDTH, Grid, Layer, Scene

FRAMES, EVERY = 10, 0.1  # s
SMALL = (192, 256)
READOUT = 0.025  # s from the first to the last line of the sensor
QUALITY = 80


@dataclass(frozen=True)
class Conditions:
    """`shake`: mm, of the hand that holds the camera (0: a stand); `sway`: mm, of what is before it; `turn`: degrees of it;
    `page_light`: light of the page over the light of the room, at the face; `noise`: levels at middle grey.
    """

    shake: float = 4.0
    sway: float = 3.0
    turn: float = 1.0
    page_light: float = 0.0
    noise: float = 3.0
    flicker: float = 0.01
    drift: float = 0.02
    quality: int = QUALITY
    aliased: bool = False
    delay: float = 0.08  # s, from the light of the page to the frame that shows it


class Motion:
    """Six smooth functions of time: translation in m, rotation in radians."""

    def __init__(self, chance: np.random.Generator, millimetres: float, degrees: float) -> None:
        self.rates = chance.uniform(0.3, 2.2, (6, 3))
        self.phases = chance.uniform(0, 2 * np.pi, (6, 3))
        strengths = chance.normal(0, 1, (6, 3)) / self.rates**0.7
        scale = np.array([1, 1, 1.0, 1, 1, 0.6]) * np.array([millimetres / 1000] * 3 + [np.radians(degrees)] * 3)
        self.strengths = strengths / np.sqrt(3) * scale[:, None]
        self.tremor = chance.normal(0, 0.03, 6) * scale
        self.tremor_rate, self.tremor_phase = chance.uniform(7, 11), chance.uniform(0, 2 * np.pi, 6)

    def at(self, time: float) -> np.ndarray:
        slow = (self.strengths * np.sin(2 * np.pi * self.rates * time + self.phases)).sum(1)
        return slow + self.tremor * np.sin(2 * np.pi * self.tremor_rate * time + self.tremor_phase)


def rotated(points: tuple[np.ndarray, ...], angles: np.ndarray) -> tuple[np.ndarray, ...]:
    """By small angles about x, y and z, first order and a half."""
    x, y, z = points
    pitch, yaw, roll = angles
    return (
        x * (1 - yaw**2 / 2 - roll**2 / 2) - roll * y + yaw * z,
        y * (1 - pitch**2 / 2 - roll**2 / 2) + roll * x - pitch * z,
        z * (1 - yaw**2 / 2 - pitch**2 / 2) - yaw * x + pitch * y,
    )


_X, _Y = np.meshgrid(np.arange(WIDTH, dtype=np.float32), np.arange(HEIGHT, dtype=np.float32))


def displacement(layer: Layer, scene: Scene, held: np.ndarray, camera: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where each pixel of the layer goes, in px."""
    x, y, z = (_X - WIDTH / 2) * layer.depth / scene.focal, (_Y - HEIGHT / 2) * layer.depth / scene.focal, layer.depth
    if layer.held.any():
        px, py, pz = scene.pivot
        x, y, z = rotated((x - px, y - py, z - pz), held[3:, None, None] * layer.held)
        x, y, z = (
            x + px + held[0] * layer.held,
            y + py + held[1] * layer.held,
            z + pz + held[2] * layer.held,
        )
    x, y, z = rotated((x - camera[0], y - camera[1], z - camera[2]), -camera[3:])
    return x / z * scene.focal + WIDTH / 2 - _X, y / z * scene.focal + HEIGHT / 2 - _Y


def film(
    scene: Scene,
    chance: np.random.Generator,
    conditions: Conditions,
    *,
    shown: list[Scene] | None = None,
    seen_by_eye: list[np.ndarray] | None = None,
) -> tuple[list[bytes], list[float]]:
    """(JPEG frames, the page's light in each, 0 to 1). `shown`: another scene for each frame; `seen_by_eye` collects the
    pictures before the sensor, for a film that is shown again."""
    camera = Motion(chance, conditions.shake, conditions.shake * 0.12)
    held = Motion(chance, conditions.sway, conditions.turn)
    banding, phase = chance.uniform(1, 4), chance.uniform(0, 2 * np.pi)
    beat = chance.uniform(-3, 3)
    exposure, target = 1.0, 0.0
    slow = chance.normal(0, conditions.drift, 3)
    frames, lights = [], []
    for number in range(FRAMES):
        now = number * EVERY
        light = _swell(now - conditions.delay) if conditions.page_light else 0.0
        seen = shown[number] if shown else scene
        picture = np.zeros((HEIGHT, WIDTH, 3), np.float32)
        for layer in seen.layers:
            maps = _maps(layer, seen, held, camera, now)
            gain = 1 + conditions.page_light * light * layer.lit
            colours = layer.rgb * gain[..., None]
            colours = cv2.remap(colours, *maps, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
            if layer.grid:
                colours = colours * _lamps(layer.grid, *maps)
            cover = cv2.remap(layer.alpha, *maps, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
            picture += (colours - picture) * cover[..., None]
        if seen_by_eye is not None:
            seen_by_eye.append(np.clip(picture, 0, 1) ** (1 / 2.2) * 255)
        rows = np.arange(HEIGHT, dtype=np.float32)[:, None, None] / HEIGHT
        picture *= 1 + conditions.flicker * np.sin(2 * np.pi * banding * rows + phase + beat * number)
        metered = float(picture.mean())
        target = target or metered
        exposure += 0.3 * (target / metered - exposure)  # the camera answers slowly
        picture *= exposure * (1 + slow[0] * np.sin(1.5 * now + slow[1] * 40))
        frames.append(_sensed(picture, chance, conditions))
        lights.append(_swell(now) if conditions.page_light else 0.0)
    return frames, lights


def _swell(now: float) -> float:
    share = np.clip(now / (EVERY * (FRAMES - 1)), 0, 1)
    return float(0.5 - 0.5 * np.cos(2 * np.pi * share))


def _maps(layer: Layer, scene: Scene, held: Motion, camera: Motion, now: float) -> tuple[np.ndarray, np.ndarray]:
    first = displacement(layer, scene, held.at(now), camera.at(now))
    last = displacement(layer, scene, held.at(now + READOUT), camera.at(now + READOUT))
    share = _Y / HEIGHT
    across, down = (a + (b - a) * share for a, b in zip(first, last, strict=True))
    across, down = across.astype(np.float32), down.astype(np.float32)
    x, y = _X - across, _Y - down
    for _ in range(2):  # the displacement belongs to where a pixel comes from
        moved = (cv2.remap(one, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE) for one in (across, down))
        x, y = (base - step for base, step in zip((_X, _Y), moved, strict=True))
    return x, y


def _lamps(grid: Grid, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The light of red, green and blue stripes, a third of a pitch apart, and of dark lines between rows."""
    turn = np.radians(grid.angle)
    u, v = (x * np.cos(turn) + y * np.sin(turn)) / grid.pitch, (y * np.cos(turn) - x * np.sin(turn)) / grid.pitch
    rows = 1 + 0.5 * grid.contrast * np.cos(2 * np.pi * v)
    return np.stack([(1 + grid.contrast * np.cos(2 * np.pi * (u + n / 3))) * rows for n in range(3)], 2)


def _sensed(picture: np.ndarray, chance: np.random.Generator, conditions: Conditions) -> bytes:
    picture = cv2.GaussianBlur(picture, (0, 0), 0.8)
    spread = conditions.noise / 255 * np.sqrt(np.clip(picture, 0, None) / 0.2 + 0.1) * 0.6
    noise = chance.standard_normal(picture.shape, np.float32)
    levels = np.clip(picture + spread * noise, 0, 1) ** (1 / 2.2) * 255
    way = cv2.INTER_LINEAR if conditions.aliased else cv2.INTER_AREA
    small = cv2.resize(levels.astype(np.uint8), SMALL, interpolation=way)
    done, data = cv2.imencode(".jpg", small[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, conditions.quality])
    assert done
    return data.tobytes()
