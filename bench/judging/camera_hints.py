"""The live hints of the camera page against the engine, on the same frames, in Chromium; and what a look costs on an old phone.

    .venv/bin/python -m bench.judging.camera_hints [FACES]

200 frames of drawn people who stand well, too far, too near, aside, high or low, lean, turn, are two, are nobody, or stand in bad
light. On each: what the engine rejects for geometry (one_face, face_size, roll, yaw, too_close) and for light, and whether the oval
of the page would be green. With FACES, a folder of portraits: 4 frames of each of them as well. The cost: what a look takes of the
page's own thread and of the worker's, and the looks a second, with both slowed 1, 4 and 6 times.
"""

import base64
import os
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from wsgiref.headers import Headers

import cv2
import numpy as np

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
SCRIPTS = Path(__file__).resolve().parents[2] / "static" / "js" / "camera"
SCRIPT = "text/javascript"
SIZE = (960, 1280)
SLOWER = (1, 4, 6)
SECONDS = 8
GEOMETRY = {"one_face", "face_size", "roll", "yaw", "too_close"}
LIGHT = {"sharpness", "side_light", "overexposed", "underexposed"}
SAID_OF_LIGHT = {"dark", "bright", "behind", "side", "blurred"}
PAGE = """<script type="module">
import { faceFinder } from "/faces.js";
import { advice, copyOf, look, pixelsOf } from "/hints.js";
import { cropOf, frameGrabber, open } from "/lens.js";
import { repeat } from "/repeat.js";
const guide = { eye: 0.4, half: 102 / 480 };
const finder = faceFinder({ worker: "/face_worker.js", model: "/blazeface.bin" });
async function pictureOf(url) {
  const frame = new Image();
  frame.src = url;
  await frame.decode();
  return frame;
}
// Twelve looks: by then the worker has seen all parts of this picture, and nothing of the one before is left.
async function facesOf(frame) {
  for (let n = 0; n < 11; n += 1) await finder.find(frame);
  return finder.find(frame);
}
window.found = async (url) => facesOf(await pictureOf(url));
window.seen = async (url, blind) => {
  const frame = await pictureOf(url);
  const crop = cropOf(frame.width, frame.height);
  return look(pixelsOf(frame, crop), crop, guide, blind ? null : await facesOf(frame));
};
window.told = (seen, limits) => advice(seen, { limits });
// As camera.js does it, for so many seconds, on the browser's own camera: the looks, what one takes, the tasks of the page's
// thread over 50 ms, and the pictures that were shown and that were dropped.
window.watch = async (limits, seconds, every) => {
  const video = Object.assign(document.createElement("video"), { muted: true, srcObject: await open("user") });
  document.body.append(video);
  await video.play();
  const { ready, frameOf } = frameGrabber(video);
  await ready();
  const [own, whole, long] = [[], [], []];
  new PerformanceObserver((list) => long.push(...list.getEntries().map((entry) => entry.duration))).observe({ type: "longtask" });
  const before = video.getVideoPlaybackQuality();
  repeat(async () => {
    const start = performance.now();
    const frame = finder.canTake() ? frameOf() : null;
    const crop = cropOf(video.videoWidth, video.videoHeight);
    let [faces, pixels, copied] = [null, null, 0];
    if (frame) {
      ({ faces, light: pixels } = await finder.take(frame, copyOf(crop)));
    } else {
      const search = finder.find(video);
      await new Promise((done) => setTimeout(done));
      const begun = performance.now();
      pixels = pixelsOf(video, crop);
      copied = performance.now() - begun;
      faces = await search;
    }
    const found = performance.now();
    advice(look(pixels, crop, guide, faces), { limits });
    own.push(copied + performance.now() - found);
    whole.push(performance.now() - start);
  }, every);
  await new Promise((done) => setTimeout(done, seconds * 1000));
  const [spent, light] = [whole, own].map((numbers) => [...numbers].sort((a, b) => a - b));
  const median = (numbers) => numbers[Math.floor(numbers.length / 2)];
  const after = video.getVideoPlaybackQuality();
  return {
    looks: whole.length / seconds, look: [spent[0], median(spent)], light: [light[0], median(light)],
    long: long.length, longest: Math.max(0, ...long),
    shown: (after.totalVideoFrames - before.totalVideoFrames) / seconds, dropped: after.droppedVideoFrames - before.droppedVideoFrames,
  };
};
window.ready = false;
finder.begin().then((able) => { window.able = able; window.ready = true; });
</script>"""


@dataclass(frozen=True)
class Feed:
    kind: str
    rgb: np.ndarray = field(repr=False)


def made_by_light() -> dict[str, Callable[[np.ndarray], np.ndarray]]:
    """Faults that the drawing has no name for, made from a good frame."""
    from vision.networks.mediapipe_graphs import person_mask

    def against_the_light(rgb: np.ndarray) -> np.ndarray:
        mask = cv2.GaussianBlur(person_mask(rgb), (0, 0), 5)[..., None]
        return np.clip(rgb * 0.22 * mask + np.minimum(rgb * 1.25, 255) * (1 - mask), 0, 255).astype(np.uint8)

    def shaken(rgb: np.ndarray) -> np.ndarray:
        return cv2.filter2D(rgb, -1, np.full((1, 25), 1 / 25))

    return {
        "good": lambda rgb: rgb,
        "burnt": lambda rgb: np.clip(rgb * 2.4, 0, 255).astype(np.uint8),
        "against the light": against_the_light,
        "shaken": shaken,
        "night": lambda rgb: (rgb * 0.12).astype(np.uint8),
    }


def turned(rgb: np.ndarray, degrees: float) -> np.ndarray:
    """The head turned in the relief of its landmarks."""
    from tests.support.faulty_pictures.camera import rotated
    from tests.support.faulty_pictures.subject import Subject

    return rotated(Subject(_jpeg(rgb), 0), yaw=degrees)


def drawn_feeds() -> Iterator[Feed]:
    """200 frames, each of another person. Faults begin where nobody would call them one."""
    from demo.drawn_people import Person
    from demo.drawn_people.feed import Stand, frame_of

    chance = np.random.default_rng(8)
    seeds = iter(range(1000, 2000))

    def person() -> Person:
        return Person.random(next(seeds))

    def well(**changes: float) -> Stand:
        usual = {
            "scale": chance.uniform(0.95, 1.35),
            "x": chance.uniform(0.46, 0.54),
            "eye": chance.uniform(0.37, 0.43),
        }
        return Stand(**(usual | {"roll": chance.uniform(-3, 3)} | changes))

    def either(low: float, high: float) -> float:
        return float(chance.choice([-1, 1]) * chance.uniform(low, high))

    def made(kind: str) -> np.ndarray:
        match kind:
            case "far":
                return frame_of(person(), well(scale=chance.uniform(0.3, 0.9)))
            case "near":
                return frame_of(person(), well(scale=chance.uniform(1.3, 2.4)))
            case "aside":
                return frame_of(person(), well(x=0.5 + either(0.04, 0.38)))
            case "high or low":
                return frame_of(person(), well(eye=0.4 + either(0.03, 0.24)))
            case "leaning":
                return frame_of(person(), well(roll=either(3, 18)))
            case "turned":
                return turned(frame_of(person(), well()), either(4, 28))
            case "two":
                elsewhere = Stand(chance.uniform(0.2, 0.8), 0.5 + either(0.28, 0.42), chance.uniform(0.3, 0.5))
                return frame_of(person(), well(scale=chance.uniform(0.8, 1.1)), behind=(person(), elsewhere))
            case "nobody":
                return frame_of(person(), violation="nobody")
            case "side light":
                return frame_of(person(), well(), violation="side_light")
            case "soft":
                return cv2.GaussianBlur(frame_of(person(), well()), (0, 0), chance.uniform(3, 6))
            case _:
                return made_by_light()[kind](frame_of(person(), well()))

    for kind, count in KINDS.items():
        yield from (Feed(kind, made(kind)) for _ in range(count))


KINDS = {
    "good": 30, "far": 20, "near": 20, "aside": 20, "high or low": 20, "leaning": 20, "turned": 20, "two": 15, "nobody": 5,
    "night": 6, "against the light": 6, "burnt": 6, "side light": 6, "soft": 3, "shaken": 3,
}  # fmt: skip


def real_feeds(faces: Path) -> Iterator[Feed]:
    """Portraits laid into frames, their walls continued: well, and with one fault each of place, lean and turn."""
    chance = np.random.default_rng(8)
    for number, path in enumerate(sorted(faces.glob("*.jpg"))):
        rgb = cv2.imread(str(path))[..., ::-1]
        yield Feed("real, well", laid(rgb, chance.uniform(0.34, 0.46)))
        yield Feed("real, leaning", laid(rgb, 0.4, roll=float(chance.choice([-1, 1]) * chance.uniform(3, 18))))
        yield Feed("real, turned", laid(turned(rgb, float(chance.choice([-1, 1]) * chance.uniform(4, 28))), 0.4))
        if number % 2:
            yield Feed("real, far", laid(rgb, chance.uniform(0.12, 0.3)))
        else:
            yield Feed("real, aside", laid(rgb, 0.38, x=float(chance.uniform(0.15, 0.85))))


def laid(rgb: np.ndarray, across: float, *, x: float = 0.5, roll: float = 0.0) -> np.ndarray:
    """A frame with the face `across` of its width wide, its eyes on the guide's line."""
    import vision

    measures = vision.check(_jpeg(rgb)).measures
    height, width = rgb.shape[:2]
    eyes = np.array(measures["eyes"]).mean(0) * (width, height)
    matrix = cv2.getRotationMatrix2D(tuple(map(float, eyes)), roll, across * SIZE[0] / measures["face_width"])
    matrix[:, 2] += np.array([x, 0.4]) * SIZE - eyes
    return cv2.warpAffine(rgb, matrix, SIZE, flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE)


def engine_rejects(rgb: np.ndarray) -> tuple[set[str], set[str]]:
    """The rules of geometry and light that the engine rejects for, and those that it warns of."""
    import vision

    findings = [f for f in vision.check(_jpeg(rgb)).verdict.findings if f.rule in GEOMETRY | LIGHT]
    return tuple({f.rule for f in findings if f.outcome == outcome} for outcome in ("reject", "warn"))  # type: ignore[return-value]


def head_limits() -> dict[str, float | None]:
    from capture.judging import limits
    from capture.models import LimitSet

    return limits.of_the_head(LimitSet())


def compare(page: Any, feeds: Iterator[Feed]) -> None:
    """Prints, for every kind, how often the page and the engine agree, and every frame that turned green wrongly."""
    limits = head_limits()
    table: dict[str, Counter[str]] = {}
    false_greens = []
    for number, feed in enumerate(feeds):
        rejects, warns = engine_rejects(feed.rgb)
        hints = page.evaluate("async ([url, limits]) => told(await seen(url), limits)", [url_of(feed.rgb), limits])
        geometry, light = set(hints) - SAID_OF_LIGHT, set(hints) & SAID_OF_LIGHT
        row = table.setdefault(feed.kind, Counter())
        row["frames"] += 1
        row["geometry"] += bool(geometry) == bool(rejects & GEOMETRY)
        row["geometry, warnings either way"] += bool(geometry) == bool(rejects & GEOMETRY) or bool(warns & GEOMETRY)
        row["light"] += bool(light) == bool(rejects & LIGHT) or bool(warns & LIGHT) or bool(geometry)
        row["green"] += not hints
        row["engine passes"] += not rejects
        if rejects and not hints:
            false_greens.append(f"{number} {feed.kind}: {', '.join(sorted(rejects))}")
        elif bool(geometry) != bool(rejects & GEOMETRY):
            row[f"said {', '.join(sorted(geometry)) or 'nothing'}"] += 1
    _print_table(table)
    print("\ngreen, and rejected:", *(false_greens or ["none"]), sep="\n  ")


COLUMNS = ("frames", "geometry", "geometry, warnings either way", "light", "green", "engine passes")


def _print_table(table: dict[str, Counter[str]]) -> None:
    width = max(map(len, table))
    print(f"{'':{width}}  {'  '.join(COLUMNS)}; said against the engine")
    total: Counter[str] = Counter()
    for kind, row in table.items():
        total.update(row)
        rest = ", ".join(f"{count} {what}" for what, count in row.items() if what not in COLUMNS)
        print(f"{kind:{width}}  {'  '.join(f'{row[name]:{len(name)}}' for name in COLUMNS)}; {rest}")
    for name in COLUMNS[1:4]:
        print(f"{name}: {total[name]} of {total['frames']} agree, {total[name] / total['frames']:.1%}")


def _jpeg(rgb: np.ndarray) -> bytes:
    return cv2.imencode(".jpg", rgb[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 92])[1].tobytes()


def url_of(rgb: np.ndarray) -> str:
    return "data:image/jpeg;base64," + base64.b64encode(_jpeg(rgb)).decode()


def open_page(browser: Any, *, slower: int = 1) -> Any:
    """A page with the camera's own modules. `slower`: the worker waits so many times what a look took, because Chromium's
    throttle slows the page's thread only.
    """
    from config import static_policy
    from vision.networks import blazeface

    network = blazeface.page_file()

    def answer(route: Any) -> None:
        name = Path(route.request.url).name
        if name.endswith(".bin"):
            route.fulfill(body=network, content_type="application/octet-stream")
        elif name.endswith(".js"):
            headers = Headers()
            static_policy.add_policy(headers, "", f"js/camera/{name}")
            before = _slowed(slower) if name == "face_worker.js" else ""
            body = before + (SCRIPTS / name).read_text(encoding="utf-8")
            route.fulfill(body=body, content_type=SCRIPT, headers=dict(headers.items()))
        else:
            route.fulfill(body=PAGE, content_type="text/html")

    page = browser.new_page()
    page.route("**/*", answer)
    page.goto("http://localhost/")
    page.wait_for_function("window.ready")
    return page


def _slowed(times: int) -> str:
    """Put before the worker's script: every answer comes as much later as `times` says."""
    return (
        "let begun = 0; self.addEventListener('message', () => { begun = performance.now(); });"
        "const post = self.postMessage.bind(self);"
        "self.postMessage = (answer) => {"
        f"  const end = performance.now() + (performance.now() - begun) * {times - 1};"
        "  while (performance.now() < end);"
        "  post(answer);"
        "};\n"
    )


def cost(times: int) -> dict[str, Any]:
    """What a look costs with the page's thread and the worker slowed `times` times, on a camera of 30 pictures a second."""
    from playwright.sync_api import sync_playwright

    from tests.support.browser import launch

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        film = Path(folder, "camera.y4m")
        film.write_bytes(filmed(next(drawn_feeds()).rgb))
        page = open_page(launch(playwright, f"--use-file-for-fake-video-capture={film}"), slower=times)
        session = page.context.new_cdp_session(page)
        session.send("Emulation.setCPUThrottlingRate", {"rate": times})
        return page.evaluate("arguments => watch(...arguments)", [head_limits(), SECONDS, look_every()])


def filmed(rgb: np.ndarray) -> bytes:
    """Two pictures a few pixels apart, as a film that Chromium's camera shows again and again."""
    height, width = rgb.shape[:2]
    pictures = [cv2.cvtColor(np.roll(rgb, shift, axis=1), cv2.COLOR_RGB2YUV_I420).tobytes() for shift in (0, 2)]
    return b"".join(
        [f"YUV4MPEG2 W{width} H{height} F30:1 Ip A1:1 C420\n".encode(), *(b"FRAME\n" + p for p in pictures)]
    )


def look_every() -> int:
    """Milliseconds from one look of the camera page to the next."""
    return int(re.search(r"LOOK_EVERY = (\d+)", SCRIPTS.with_suffix(".js").read_text(encoding="utf-8"))[1])  # type: ignore[index]


def downloaded() -> int:
    """Bytes of the camera page's own scripts, the worker and the network, not compressed."""
    from vision.networks import blazeface

    scripts = [SCRIPTS.with_suffix(".js"), *SCRIPTS.glob("*.js")]
    return sum(path.stat().st_size for path in scripts) + len(blazeface.page_file())


def main(faces: Path | None) -> None:
    import django

    django.setup()
    from playwright.sync_api import sync_playwright

    from tests.support.browser import launch

    with sync_playwright() as playwright:
        page = open_page(launch(playwright))
        compare(page, drawn_feeds())
        if faces:
            compare(page, real_feeds(faces))
        page.close()
    for times in SLOWER:
        found = cost(times)
        (least, median), (least_light, median_light) = found["look"], found["light"]
        print(
            f"{times} x slower: {found['looks']:.1f} looks a second; a look takes {least:.0f} ms at least, {median:.0f} in the middle, "
            f"of them {least_light:.1f} and {median_light:.1f} for light on the page's thread; "
            f"{found['long']} tasks of that thread over 50 ms, the longest {found['longest']:.0f}; "
            f"{found['shown']:.1f} pictures a second, {found['dropped']} dropped"
        )
    print(f"load of the machine: {os.getloadavg()[0]:.1f}; downloaded: {downloaded() / 1000:.0f} kB")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
