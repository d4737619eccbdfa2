"""Pictures with a QR code, as students send them: saved, a screenshot, the photo of a screen, dark, turned, two at once."""

import io
from collections.abc import Callable

import cv2
import numpy as np
import segno


def code(text: str, *, scale: int = 6) -> np.ndarray:
    """The code itself, grey."""
    file = io.BytesIO()
    segno.make(text, error="m", micro=False).save(file, kind="png", scale=scale, border=4)
    return cv2.imdecode(np.frombuffer(file.getvalue(), np.uint8), cv2.IMREAD_GRAYSCALE)


def jpeg(picture: np.ndarray, quality: int = 80) -> bytes:
    return cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality])[
        1
    ].tobytes()


def saved(text: str) -> bytes:
    return cv2.imencode(".png", cv2.cvtColor(code(text), cv2.COLOR_GRAY2BGR))[1].tobytes()


def _screen(text: str) -> np.ndarray:
    shown = np.full((2340, 1080), 248, np.uint8)
    shown[:160] = 60
    shown[700:1340, 220:860] = cv2.resize(code(text), (640, 640), interpolation=cv2.INTER_NEAREST)
    for line in range(5):
        cv2.putText(shown, "The registry's page", (80, 1500 + 90 * line), cv2.FONT_HERSHEY_SIMPLEX, 1.4, 40, 3)
    return shown


def screenshot(text: str) -> bytes:
    small = cv2.resize(_screen(text), (540, 1170), interpolation=cv2.INTER_AREA)  # as chats send it on
    return jpeg(small, 50)


def photo_of_a_screen(text: str, *, light: float = 1.0, noise: float = 8.0) -> bytes:
    """Slanted, with the pattern of the screen and the noise of the camera."""
    shown, (width, height) = _screen(text)[500:1900], (1500, 1900)
    corners = np.float32([[0, 0], [1080, 0], [1080, 1400], [0, 1400]])
    seen = np.float32([[210, 160], [1380, 330], [1250, 1700], [120, 1500]])
    picture = cv2.warpPerspective(shown, cv2.getPerspectiveTransform(corners, seen), (width, height), borderValue=90)
    y, x = np.mgrid[:height, :width]
    lit = (picture + 22 * np.sin(2 * np.pi * (x * 0.8 + y * 0.6) / 5.3)) * light
    lit = cv2.GaussianBlur(lit, (0, 0), 1.0) + np.random.default_rng(1).normal(0, noise, lit.shape)
    return jpeg(np.clip(lit, 0, 255).astype(np.uint8))


def dark(text: str) -> bytes:
    return photo_of_a_screen(text, light=0.05, noise=3.0)


def turned(text: str) -> bytes:
    shown = _screen(text)[500:1900]
    turn = cv2.getRotationMatrix2D((540, 700), 141, 0.8)
    return jpeg(cv2.warpAffine(shown, turn, (1080, 1400), borderValue=120))


def wrapped(text: str) -> bytes:
    shown = _screen(text)[500:1900]
    y, x = np.mgrid[:1400, :1080].astype(np.float32)
    return jpeg(cv2.remap(shown, x + 12 * np.sin(y / 220), y + 12 * np.sin(x / 180), cv2.INTER_LINEAR, borderValue=200))


def two(text: str, other: str) -> bytes:
    first, second = code(text), code(other)
    side = max(first.shape[0], second.shape[0])
    page = np.full((side, 2 * side + 40), 255, np.uint8)
    page[: first.shape[0], : first.shape[1]] = first
    page[: second.shape[0], side + 40 : side + 40 + second.shape[1]] = second
    return jpeg(page)


def blank(light: int) -> bytes:
    return jpeg(np.full((900, 700), light, np.uint8))


KINDS: dict[str, Callable[[str], bytes]] = {
    made.__name__: made for made in (saved, screenshot, photo_of_a_screen, dark, turned, wrapped)
}
