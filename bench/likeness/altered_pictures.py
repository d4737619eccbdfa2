"""How well an imprint finds an altered picture again: ours beside the usual hash of the whole picture.

    .venv/bin/python -m bench.likeness.altered_pictures FACES [PEOPLE]

FACES holds photos named LOOK_NUMBER.jpg, where the number is the person; the photos of the first look in the alphabet are altered,
those of another look are the same person in another shot. Printed are, per alteration, the bits that differ and the share found
at the limit; then the other shots and the other people, and how many false finds 700,000 x 700,000 comparisons would bring.
"""

import math
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from tests.support.faulty_pictures import integrity
from tests.support.faulty_pictures.subject import Subject
from vision import DEFAULTS, open_photo
from vision.likeness import imprint
from vision.measures import crop_face, face_detection

Picture = np.ndarray
LIMIT = int(DEFAULTS["duplicate"]["warn"] or 0)
WHOLE_LIMIT = 10  # of 64: what is usual
SEASON = 700_000


def saved(picture: Picture, quality: int = 92) -> bytes:
    pixels = np.ascontiguousarray(picture[..., ::-1])
    return cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()


def turned(picture: Picture, degrees: float, scale: float) -> Picture:
    height, width = picture.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, scale)
    return cv2.warpAffine(picture, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)


def cropped(picture: Picture, left: float, top: float, right: float, bottom: float) -> Picture:
    height, width = picture.shape[:2]
    return picture[int(top * height) : int((1 - bottom) * height), int(left * width) : int((1 - right) * width)]


def resized(picture: Picture, x: float, y: float | None = None) -> Picture:
    return cv2.resize(picture, None, fx=x, fy=x if y is None else y, interpolation=cv2.INTER_AREA)


def gamma(picture: Picture, power: float) -> Picture:
    return (255 * (picture / 255.0) ** power).astype(np.uint8)


def tinted(picture: Picture) -> Picture:
    return np.clip(picture * np.array([1.12, 1.0, 0.82]), 0, 255).astype(np.uint8)


def contrast(picture: Picture) -> Picture:
    return np.clip((picture.astype(float) - 110) * 1.35 + 125, 0, 255).astype(np.uint8)


def sharpened(picture: Picture) -> Picture:
    return np.clip(picture * 1.8 - 0.8 * cv2.GaussianBlur(picture, (0, 0), 3), 0, 255).astype(np.uint8)


def screenshot(picture: Picture) -> Picture:
    """The picture as wide as the screen of a phone, black above and below."""
    shown = resized(picture, 1080 / picture.shape[1])[:2340]
    canvas = np.full((2340, 1080, 3), 12, np.uint8)
    top = (2340 - shown.shape[0]) // 2
    canvas[top : top + shown.shape[0]] = shown
    return canvas


def written_on(picture: Picture) -> Picture:
    height, width = picture.shape[:2]
    text = picture.copy()
    return cv2.putText(text, "PHOTO 2026", (width // 10, 9 * height // 10), 0, width / 400, (255, 255, 255), 4)


def much(picture: Picture) -> Picture:
    return cropped(turned(tinted(gamma(resized(picture, 0.7), 0.8)), 2, 1.05), 0.05, 0.02, 0.08, 0.05)


def mirrored_and_more(picture: Picture) -> Picture:
    return cropped(turned(contrast(picture[:, ::-1]), -3, 1.05), 0.05, 0.02, 0.08, 0.05)


def retouched(make: Callable[[Subject], Picture]) -> Callable[[bytes], bytes]:
    return lambda data: saved(make(Subject(data, 3)))


def changed(make: Callable[[Picture], Picture], quality: int = 92) -> Callable[[bytes], bytes]:
    return lambda data: saved(make(open_photo(data).at_least(10_000)), quality)


ALTERATIONS: dict[str, Callable[[bytes], bytes]] = {
    "saved at quality 30": changed(lambda p: p, 30),
    "600 px, quality 70": changed(lambda p: resized(p, 600 / max(p.shape)), 70),
    "cropped by up to 12%": changed(lambda p: cropped(p, 0.1, 0.04, 0.02, 0.12)),
    "brighter": changed(lambda p: gamma(p, 0.7)),
    "darker": changed(lambda p: gamma(p, 1.5)),
    "more contrast": changed(contrast),
    "warmer": changed(tinted),
    "blurred": changed(lambda p: cv2.GaussianBlur(p, (0, 0), max(p.shape) / 500)),
    "sharpened": changed(sharpened),
    "writing on it": changed(written_on),
    "turned by 3 degrees": changed(lambda p: turned(p, 3, 1.06)),
    "turned by 6 degrees": changed(lambda p: turned(p, -6, 1.1)),
    "6% narrower": changed(lambda p: resized(p, 0.94, 1.0)),
    "screenshot of a phone": changed(screenshot),
    "mirrored": changed(lambda p: p[:, ::-1]),
    "smaller, warmer, turned, cropped": changed(much, 60),
    "mirrored, contrast, turned, cropped": changed(mirrored_and_more, 60),
    "beauty filter": retouched(integrity.smoothed),
    "photographed print": retouched(integrity.from_print),
    "photographed screen, near": retouched(integrity.near_screen),
}


def imprints_of(data: bytes) -> tuple[str, int]:
    """Our imprint, and the usual hash of the whole picture: 64 bits, the signs of its coarsest
    waves about their median.
    """
    source = open_photo(data)
    face = face_detection.detect_faces(source).main
    if face is None:
        raise ValueError("no face")
    small = cv2.resize(cv2.cvtColor(source.work, cv2.COLOR_RGB2GRAY), (32, 32), interpolation=cv2.INTER_AREA)
    waves = cv2.dct(small.astype(np.float32))[:8, :8].ravel()
    whole = sum(1 << place for place, wave in enumerate(waves) if wave > np.median(waves))
    return imprint.compute_imprint(crop_face(source, face)), whole


def row(label: str, ours: list[int], whole: list[int]) -> None:
    middle, worst = statistics.median(ours), max(ours)
    found, found_whole = (
        sum(value <= limit for value in values) / len(values) for values, limit in ((ours, LIMIT), (whole, WHOLE_LIMIT))
    )
    print(f"{label:<40}{middle:>8.0f}{worst:>8}{found:>9.1%}{statistics.median(whole):>12.0f}{found_whole:>9.1%}")


def distances(one: tuple[str, int], other: tuple[str, int]) -> tuple[int, int]:
    return imprint.imprint_distance(one[0], other[0]), (one[1] ^ other[1]).bit_count()


def false_finds(straight: list[int]) -> None:
    """Print how many false finds chance alone would bring in a season.

    The number of independent bits follows from mean and deviation of the distances. Each pair is
    compared twice, because of mirrored pictures.
    """
    share, spread = statistics.mean(straight) / imprint.BITS, statistics.stdev(straight) / imprint.BITS
    free = round(share * (1 - share) / spread**2)
    most = int(LIMIT / imprint.BITS * free)
    tail = sum(math.comb(free, n) * share**n * (1 - share) ** (free - n) for n in range(most + 1))
    print(
        f"\n{free} free bits of {imprint.BITS}; two people differ in {share:.1%} ± {spread:.1%}, at least in {min(straight)} bits"
    )
    print(f"{SEASON:,} x {SEASON:,} / 2 pairs, mirrored too: {SEASON**2 * tail:.1e} false finds by chance")


def main(folder: Path, people: int) -> None:
    files = sorted(folder.glob("*_*.jpg"))
    looks = sorted({file.stem.split("_")[0] for file in files})
    first = [file for file in files if file.stem.startswith(looks[0])][:people]
    originals = {file.stem.split("_")[1]: imprints_of(file.read_bytes()) for file in first}
    print(f"{len(first)} people; limit {LIMIT} of {imprint.BITS} bits, of the whole picture {WHOLE_LIMIT} of 64\n")
    print(f"{'':<40}{'median':>8}{'worst':>8}{'found':>9}{'whole':>12}{'found':>9}")
    everything: list[tuple[int, int]] = []
    for label, alter in ALTERATIONS.items():
        found = [distances(imprints_of(alter(file.read_bytes())), originals[file.stem.split("_")[1]]) for file in first]
        everything += found
        row(label, *map(list, zip(*found, strict=True)))
    row("all of these", *map(list, zip(*everything, strict=True)))
    others = [file for file in files if file not in first and file.stem.split("_")[1] in originals]
    shots = [distances(imprints_of(file.read_bytes()), originals[file.stem.split("_")[1]]) for file in others]
    if shots:
        row("the same person, another look", *map(list, zip(*shots, strict=True)))
    rows = list(originals.values())
    pairs = [(one, other) for n, one in enumerate(rows) for other in rows[:n]]
    row("other people", *map(list, zip(*[distances(*pair) for pair in pairs], strict=True)))
    false_finds([(int(one[0], 16) ^ int(other[0], 16)).bit_count() for one, other in pairs])
    crops = [
        crop_face(source, face_detection.detect_faces(source).main) for source in (open_photo(file) for file in first)
    ]
    start = time.process_time()
    for crop in crops:
        imprint.compute_imprint(crop)
    print(f"{1000 * (time.process_time() - start) / len(crops):.2f} ms an imprint")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1000)
