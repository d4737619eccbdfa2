"""Makes labelled violations of the photo rules from any folder of faces that keep them.

    .venv/bin/python -m bench.violations FACES OUT [--people 51] [--only rule,rule]
    .venv/bin/python manage.py evaluate_checks OUT

FACES holds photos of people who keep every rule (with FACES/labels.csv only those without a label are taken; without FACES
drawn people are used). OUT gets the photos and labels.csv. Light, lenses and screens are imitated by how they form the picture
(optics in linear light, additive flares, a pixel grid seen in perspective), not by pasting; expressions and other things of the
body cannot be made that way and come from labels of real photos.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np

from capture.vision import measure, networks, open_photo
from capture.vision.face import IRIS_LEFT, IRIS_RIGHT, OVAL, Face
from capture.vision.measures import faces

Picture = np.ndarray
Make = Callable[["Subject"], Picture]


class Subject:
    """One photo that keeps the rules: uint8 RGB, its landmarks and its person mask; `chance` is seeded per photo."""

    def __init__(self, data: bytes, seed: int) -> None:
        source = open_photo(data)
        found = faces.find(source).main
        if found is None:
            raise ValueError("no face")
        self.rgb = source.at_least(10_000)
        self.face: Face = found
        self.chance = np.random.default_rng(seed)
        self.mask = cv2.resize(networks.person_mask(source.work), self.rgb.shape[1::-1])
        self.measures = measure(source)

    @property
    def linear(self) -> np.ndarray:
        return (self.rgb.astype(np.float32) / 255) ** 2.2

    def area(self, indices: tuple[int, ...], feather: float = 0.02) -> np.ndarray:
        """Soft mask of the hull of some landmarks; feather in face widths."""
        mask = np.zeros(self.rgb.shape[:2], np.float32)
        cv2.fillConvexPoly(mask, cv2.convexHull(self.face.xy[list(indices)].astype(np.int32)), 1.0)
        return cv2.GaussianBlur(mask, (0, 0), feather * self.face.width)

    def clothes(self) -> np.ndarray:
        """Soft mask of the person below the neck that is not skin."""
        lab = cv2.cvtColor(self.rgb, cv2.COLOR_RGB2LAB).astype(np.float32)
        face = lab[self.area(OVAL, 0.001) > 0.9].mean(0)
        unlike = np.linalg.norm((lab - face) * [0.3, 1, 1], axis=2) > 14
        area = (self.mask > 0.6) & unlike
        area[: int(self.face.xy[152, 1] + 0.25 * self.face.width)] = False
        area = cv2.morphologyEx(area.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((9, 9)))
        return cv2.GaussianBlur(cv2.morphologyEx(area, cv2.MORPH_OPEN, np.ones((17, 17))).astype(np.float32), (0, 0), 2)


def developed(linear: np.ndarray) -> Picture:
    return np.clip(np.clip(linear, 0, 1) ** (1 / 2.2) * 255, 0, 255).astype(np.uint8)


# --- camera --------------------------------------------------------------------------------------------------------


def defocus(subject: Subject) -> Picture:
    """A disc, as an open lens makes it, in linear light."""
    radius = subject.face.eye_distance * subject.chance.uniform(0.03, 0.06)
    size = int(2 * np.ceil(radius) + 1)
    y, x = np.mgrid[:size, :size] - size // 2
    disc = np.clip(radius + 0.5 - np.hypot(x, y), 0, 1).astype(np.float32)
    return developed(cv2.filter2D(subject.linear, -1, disc / disc.sum()))


def motion(subject: Subject) -> Picture:
    """A shaken hand: a streak along a curved path."""
    length = subject.face.eye_distance * subject.chance.uniform(0.10, 0.2)
    angle, bend = subject.chance.uniform(0, np.pi), subject.chance.uniform(-0.6, 0.6)
    size = int(2 * np.ceil(length) + 5)
    path = np.zeros((size, size), np.float32)
    for t in np.linspace(-0.5, 0.5, 200):
        x = size / 2 + length * t * np.cos(angle + bend * t)
        y = size / 2 + length * t * np.sin(angle + bend * t)
        path[int(y), int(x)] += 1
    return developed(cv2.filter2D(subject.linear, -1, cv2.GaussianBlur(path, (0, 0), 0.6) / path.sum()))


def tilted(subject: Subject) -> Picture:
    return _affine(subject, subject.chance.choice([-1, 1]) * subject.chance.uniform(10, 15) + subject.face.roll, 1.0)


def small(subject: Subject) -> Picture:
    """The face at 150 to 220 px of the file, from far away: the same wall round it."""
    scale = subject.chance.uniform(150, 220) / subject.face.width
    return cv2.resize(subject.rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)


def close(subject: Subject) -> Picture:
    """Cut off tightly round the head, then enlarged as a camera would have taken it."""
    x0, y0, x1, y1 = subject.face.box
    w, h = x1 - x0, y1 - y0
    cut = subject.rgb[max(0, int(y0 - 0.22 * h)) : int(y1 + 0.12 * h), max(0, int(x0 - 0.25 * w)) : int(x1 + 0.25 * w)]
    return cv2.resize(cut, None, fx=1.5, fy=1.5, interpolation=cv2.INTER_CUBIC)


def _affine(subject: Subject, angle: float, scale: float) -> Picture:
    height, width = subject.rgb.shape[:2]
    centre = tuple(map(float, subject.face.eyes.mean(0)))
    matrix = cv2.getRotationMatrix2D(centre, angle, scale)
    return cv2.warpAffine(subject.rgb, matrix, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)


# --- light ---------------------------------------------------------------------------------------------------------


def side_lit(subject: Subject) -> Picture:
    """One side of the face 2 to 3 stops darker, across the nose."""
    xy = subject.face.xy
    across = (np.arange(subject.rgb.shape[1], dtype=np.float32) - xy[1, 0]) / subject.face.width
    step = 1 / (1 + np.exp(-subject.chance.choice([-1, 1]) * across * 7))
    stops = subject.chance.uniform(2.2, 3.2)
    return developed(subject.linear * (2 ** (-stops * step))[None, :, None] * 1.15)


def burnt(subject: Subject) -> Picture:
    """Exposed until the cheeks clip: a phone that measured the dark clothes."""
    cheeks = subject.linear[subject.area((117, 118, 101, 346, 347, 330), 0.01) > 0.5].mean()
    return developed(subject.linear * subject.chance.uniform(1.15, 1.6) / max(cheeks, 0.02))


def dim(subject: Subject) -> Picture:
    """Three to four stops too dark, with the noise that this brings."""
    dark = subject.linear * 2 ** -subject.chance.uniform(3.2, 4.2)
    return developed(dark + subject.chance.normal(0, 0.0012, dark.shape))


def shiny(subject: Subject) -> Picture:
    """Additive specular lobes on forehead, nose and cheeks."""
    light = np.zeros(subject.rgb.shape[:2], np.float32)
    for index, size in ((151, 0.16), (4, 0.06), (117, 0.09), (346, 0.09)):
        light += _lobe(subject, subject.face.xy[index], size * subject.face.width * subject.chance.uniform(0.8, 1.2))
    return developed(subject.linear + 1.1 * light[..., None])


def red_eyed(subject: Subject) -> Picture:
    """Light of the flash from the retina: additive red inside the pupils."""
    out = subject.linear.copy()
    for iris in (IRIS_LEFT, IRIS_RIGHT):
        radius = np.linalg.norm(subject.face.xy[iris[1]] - subject.face.xy[iris[3]]) / 2
        pupil = _lobe(subject, subject.face.xy[iris[0]], radius * 0.55)
        out += pupil[..., None] * np.array([0.75, 0.05, 0.04], np.float32) * subject.chance.uniform(0.8, 1.2)
    return developed(out)


def lens_flare(subject: Subject) -> Picture:
    """A lamp mirrored by flat glass: an additive, slightly curved bar before one or both eyes."""
    out = subject.linear.copy()
    for iris in (IRIS_LEFT, IRIS_RIGHT):
        centre = subject.face.xy[iris[0]] + subject.chance.uniform(-0.08, 0.08, 2) * subject.face.eye_distance
        half = subject.face.eye_distance * np.array(
            [subject.chance.uniform(0.12, 0.2), subject.chance.uniform(0.05, 0.09)]
        )
        y, x = np.mgrid[: out.shape[0], : out.shape[1]]
        bar = np.exp(
            -(((x - centre[0]) / half[0]) ** 4)
            - ((y - centre[1] - ((x - centre[0]) / half[0]) ** 2 * 3) / half[1]) ** 4
        )
        out += 0.9 * bar[..., None].astype(np.float32)
    return developed(out)


def tinted(subject: Subject) -> Picture:
    """Grey or brown glass that lets 20 to 40% through, over both eyes."""
    glass = np.zeros(subject.rgb.shape[:2], np.float32)
    for iris in (IRIS_LEFT, IRIS_RIGHT):
        x, y = subject.face.xy[iris[0]]
        axes = (int(0.36 * subject.face.eye_distance), int(0.3 * subject.face.eye_distance))
        cv2.ellipse(glass, (int(x), int(y + 0.08 * subject.face.eye_distance)), axes, 0, 0, 360, 1.0, -1)
    through = subject.chance.uniform(0.2, 0.4) * np.array(
        [1, subject.chance.uniform(0.8, 1), subject.chance.uniform(0.6, 1)]
    )
    glass = cv2.GaussianBlur(glass, (0, 0), 1.5)[..., None]
    return developed(subject.linear * (1 - glass + glass * through.astype(np.float32)))


def _lobe(subject: Subject, centre: np.ndarray, radius: float) -> np.ndarray:
    y, x = np.mgrid[: subject.rgb.shape[0], : subject.rgb.shape[1]]
    return np.exp(-((((x - centre[0]) ** 2 + (y - centre[1]) ** 2) / (2 * (radius / 1.5) ** 2)) ** 1.5)).astype(
        np.float32
    )


# --- colour and clothes ----------------------------------------------------------------------------------------------


def grey(subject: Subject) -> Picture:
    return cv2.cvtColor(cv2.cvtColor(subject.rgb, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)


def cast(subject: Subject) -> Picture:
    """A lamp or filter of a strong colour."""
    colours = np.array([[0.45, 0.8, 1.6], [0.55, 1.5, 0.55], [1.5, 0.5, 1.3]], np.float32)
    return developed(subject.linear * colours[subject.chance.integers(3)])


def blue_top(subject: Subject) -> Picture:
    """Royal to sky blue, through the shading of the shirt."""
    return _dyed(
        subject,
        (subject.chance.uniform(0.05, 0.25), subject.chance.uniform(0.2, 0.45), subject.chance.uniform(0.75, 0.95)),
    )


def background_top(subject: Subject) -> Picture:
    """The colour of the portrait's background."""
    return _dyed(subject, (100 / 255, 197 / 255, 1.0))


def _dyed(subject: Subject, colour: tuple[float, float, float]) -> Picture:
    area = subject.clothes()[..., None]
    light = subject.linear.mean(2, keepdims=True)
    light = light / max(np.percentile(light[area[..., 0] > 0.5], 80) if (area > 0.5).any() else 1, 1e-3)
    dyed = light * np.array(colour, np.float32) ** 2.2
    return developed(subject.linear * (1 - area) + dyed * area)


def checks(subject: Subject) -> Picture:
    """A check printed on the cloth, through its shading."""
    area = subject.clothes()
    pitch = subject.face.width * subject.chance.uniform(0.08, 0.16)
    angle = subject.chance.uniform(0, 0.3)
    y, x = np.mgrid[: area.shape[0], : area.shape[1]].astype(np.float32)
    u, v = (x * np.cos(angle) + y * np.sin(angle)) / pitch, (y * np.cos(angle) - x * np.sin(angle)) / pitch
    print_ = np.where((u % 1 < 0.45) ^ (v % 1 < 0.45), 0.15, 1.0)
    return developed(subject.linear * (1 - area[..., None] * (1 - print_[..., None])).astype(np.float32))


# --- integrity -------------------------------------------------------------------------------------------------------


def from_screen(subject: Subject) -> Picture:
    """The photo shown on a display and photographed again: sub-pixels, a slight perspective, brightness roll-off, gamma,
    the phone's own resampling and a second JPEG."""
    rgb = _second_camera_input(subject, 1400)
    height, width = rgb.shape[:2]
    y, x = np.mgrid[:height, :width].astype(np.float32)
    pitch = subject.chance.uniform(2.2, 3.6)
    stripes = np.stack([((x / pitch + shift) % 1 < 0.42) for shift in (0, 1 / 3, 2 / 3)], -1).astype(np.float32)
    rows = ((y / pitch) % 1 < 0.82).astype(np.float32)[..., None]
    lit = (rgb.astype(np.float32) / 255) ** 2.2 * stripes * rows * 2.6
    return _rephotographed(subject, lit + 0.004, blur=0.55)


def from_print(subject: Subject) -> Picture:
    """A paper print on a table, photographed with its borders in view, under a lamp that shines on one corner."""
    rgb = _second_camera_input(subject, 1000).astype(np.float32) / 255
    height, width = rgb.shape[:2]
    paper = cv2.copyMakeBorder(rgb**2.2 * 0.85 + 0.02, 25, 25, 25, 25, cv2.BORDER_CONSTANT, value=(0.8, 0.8, 0.78))
    table = np.full((height + 240, width + 240, 3), subject.chance.uniform(0.05, 0.3, 3), np.float32)
    table += (
        cv2.GaussianBlur(subject.chance.normal(0, 0.5, table.shape[:2]), (0, 0), 3).astype(np.float32)[..., None] * 0.05
    )
    table[95:-95, 95:-95] = paper
    return _rephotographed(subject, np.clip(table, 0, 1), blur=0.7)


def _second_camera_input(subject: Subject, side: int) -> np.ndarray:
    factor = side / max(subject.rgb.shape[:2])
    return cv2.resize(
        subject.rgb, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    )


def _rephotographed(subject: Subject, linear: np.ndarray, blur: float) -> Picture:
    height, width = linear.shape[:2]
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    moved = corners + subject.chance.uniform(-0.02, 0.02, (4, 2)).astype(np.float32) * width
    seen = cv2.warpPerspective(linear, cv2.getPerspectiveTransform(corners, moved), (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)  # fmt: skip
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    seen = cv2.GaussianBlur(seen * (1 - 0.18 * (x**2 + y**2))[..., None].astype(np.float32), (0, 0), blur)
    picture = developed(seen + subject.chance.normal(0, 0.004, seen.shape).astype(np.float32))
    again = cv2.imdecode(cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 85])[1], cv2.IMREAD_COLOR)
    return np.ascontiguousarray(again[..., ::-1])


def smoothed(subject: Subject) -> Picture:
    """A beauty filter: edge-keeping smoothing of the skin, slightly lighter, eyes and mouth left sharp."""
    strength = subject.chance.uniform(0.75, 1.0)
    width = int(subject.face.width)
    soft = subject.rgb
    for _ in range(2):
        soft = cv2.bilateralFilter(soft, max(9, width // 25), 38, max(7, width // 40))
    features = sum(
        subject.area(part, 0.01)
        for part in ((33, 133, 159, 145, 70, 107), (263, 362, 386, 374, 300, 336), (61, 291, 0, 17))
    )
    area = (subject.area(OVAL, 0.03) * np.clip(1 - features, 0, 1))[..., None] * strength
    mixed = subject.rgb * (1 - area) + np.minimum(soft * 1.04, 255) * area
    return mixed.astype(np.uint8)


def beside_somebody(subject: Subject) -> Picture:
    """The same person again, smaller, behind the shoulder."""
    height, width = subject.rgb.shape[:2]
    scale = subject.chance.uniform(0.5, 0.8)
    other = cv2.resize(subject.rgb[:, ::-1], None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    canvas = cv2.copyMakeBorder(subject.rgb, 0, 0, 0, int(width * 0.45), cv2.BORDER_REPLICATE)
    mask = cv2.resize(subject.mask[:, ::-1], other.shape[1::-1])[..., None]
    y, x = height - other.shape[0], canvas.shape[1] - other.shape[1]
    part = canvas[y:, x:]
    front = np.zeros(canvas.shape[:2], np.float32)
    front[:, :width] = subject.mask
    weight = mask * (1 - front[y:, x:, None])
    canvas[y:, x:] = (part * (1 - weight) + other * weight).astype(np.uint8)
    return canvas


def masked(subject: Subject) -> Picture:
    """A surgical or black mask that follows the landmarks of the lower face, with the face's own shading."""
    xy = subject.face.xy
    outline = xy[
        [
            127,
            234,
            93,
            132,
            58,
            172,
            136,
            150,
            149,
            176,
            148,
            152,
            377,
            400,
            378,
            379,
            365,
            397,
            288,
            361,
            323,
            454,
            356,
            345,
            6,
            116,
        ]
    ]
    outline = outline[2:-4].tolist() + [xy[346].tolist(), xy[197].tolist(), xy[117].tolist()]
    area = np.zeros(subject.rgb.shape[:2], np.float32)
    cv2.fillPoly(area, [np.array(outline, np.int32)], 1.0)
    area = cv2.GaussianBlur(area, (0, 0), 2)[..., None]
    shade = cv2.GaussianBlur(subject.linear.mean(2), (0, 0), subject.face.width * 0.05)[..., None]
    shade = shade / max(float(shade[area > 0.5].mean()), 1e-3)
    dyes = ((0.55, 0.75, 0.85), (0.9, 0.9, 0.92), (0.05, 0.05, 0.06))
    dye = np.array(dyes[subject.chance.integers(3)], np.float32) ** 2.2
    return developed(subject.linear * (1 - area) + dye * np.clip(shade, 0.5, 1.4) * area)


def looking_aside(subject: Subject) -> Picture:
    """Both irises moved along their eyes by warping inside the lids."""
    out = subject.rgb.copy()
    side = subject.chance.choice([-1, 1])
    for iris, corners in ((IRIS_LEFT, (33, 133)), (IRIS_RIGHT, (263, 362))):
        xy = subject.face.xy
        length = np.linalg.norm(xy[corners[0]] - xy[corners[1]])
        axis = (xy[263] - xy[33]) / np.linalg.norm(xy[263] - xy[33])
        radius = 0.55 * length
        y, x = np.mgrid[: out.shape[0], : out.shape[1]].astype(np.float32)
        away = np.hypot(x - xy[iris[0], 0], (y - xy[iris[0], 1]) * 1.7) / radius
        pull = np.clip(1 - away, 0, 1) ** 0.7 * side * 0.27 * length
        out = cv2.remap(
            out, (x - pull * axis[0]).astype(np.float32), (y - pull * axis[1]).astype(np.float32), cv2.INTER_CUBIC
        )
    return out


MAKERS: dict[str, tuple[Make, ...]] = {
    "one_face": (beside_somebody,),
    "face_size": (small,),
    "roll": (tilted,),
    "sharpness": (defocus, motion),
    "side_light": (side_lit,),
    "overexposed": (burnt,),
    "underexposed": (dim,),
    "face_glare": (shiny,),
    "red_eye": (red_eyed,),
    "gaze": (looking_aside,),
    "lens_glare": (lens_flare,),
    "tinted_lens": (tinted,),
    "mask": (masked,),
    "clothes_background": (background_top,),
    "blue_top": (blue_top,),
    "pattern": (checks,),
    "screen": (from_screen,),
    "print_edge": (from_print,),
    "beautified": (smoothed,),
    "colour": (grey, cast),
    "too_close": (close,),
}


def compliant(folder: Path | None, number: int) -> Iterator[tuple[str, bytes]]:
    """Names and bytes of photos that keep the rules."""
    if folder is None:
        from capture.drawn.person import Person
        from capture.drawn.portrait import draw_jpeg

        yield from ((f"drawn_{seed:03}", draw_jpeg(Person.random(seed), size=(900, 1200))) for seed in range(number))
        return
    labels = folder / "labels.csv"
    paths = sorted(folder.glob("*.jpg"))
    if labels.exists():
        with labels.open(newline="") as file:
            clean = {row["file"] for row in csv.DictReader(file) if not row["expected"].strip()}
        paths = [path for path in paths if path.name in clean]
    yield from ((path.stem, path.read_bytes()) for path in paths[:number])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("faces", nargs="?", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--people", type=int, default=51)
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    wanted = set(options.only.split(",")) if options.only else set(MAKERS)
    with (options.out / "labels.csv").open("w", newline="") as file:
        labels = csv.writer(file)
        labels.writerow(["file", "expected", "group"])
        for seed, (name, data) in enumerate(compliant(options.faces, options.people)):
            (options.out / f"{name}.jpg").write_bytes(data)
            subject = Subject(data, seed)
            group = skin_group(subject)
            labels.writerow([f"{name}.jpg", "", group])
            for rule, makers in MAKERS.items():
                for maker in makers if rule in wanted else ():
                    subject.chance = np.random.default_rng(seed)
                    file_name = f"{name}_{rule}_{maker.__name__}.jpg"
                    cv2.imwrite(str(options.out / file_name), maker(subject)[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 92])
                    labels.writerow([file_name, rule, group])


def skin_group(subject: Subject) -> str:
    """dark, medium or light, by the lightness of the cheeks."""
    lightness = subject.measures["skin"][0]
    return "dark" if lightness < 40 else "medium" if lightness < 58 else "light"


if __name__ == "__main__":
    main()
