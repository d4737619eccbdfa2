"""The live hints of the camera page against the engine, on the same frames, in Chromium; and what a hint costs on an old phone.

    .venv/bin/python -m bench.camera_hints [PEOPLE]

For every drawn violation: what the engine finds of what hints can see (light and focus), and what the hint says. The cost is
what one analysed frame takes of the page's thread, the processor slowed six times, as of a phone of five years ago. Budget: 16 ms.
"""

import base64
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
SCRIPTS = Path(__file__).resolve().parents[1] / "static" / "js" / "camera"
SCRIPT = "text/javascript"
SIZE = (960, 1280)
SLOWER = 6
FRAMES = 40
# Which of the engine's rules a hint speaks of.
SPEAKS_OF = {
    "dark": {"underexposed"},
    "bright": {"overexposed", "face_glare"},
    "behind": {"underexposed"},
    "fit": {"one_face"},
    "side": {"side_light"},
    "blurred": {"sharpness"},
}
SEEN = set().union(*SPEAKS_OF.values())
PAGE = """<script type="module">
import { advice, look } from "/hints.js";
import { frameGrabber } from "/lens.js";
const guide = { eye: 0.4, half: 102 / 480 };
const whole = ({ width, height }) => ({ x: 0, y: 0, width, height });
window.hint = async (url) => {
  const frame = new Image();
  frame.src = url;
  await frame.decode();
  const seen = look(frame, whole(frame), guide);
  return [advice(seen), seen];
};
window.cost = async (url, times) => {
  const frame = new Image();
  frame.src = url;
  await frame.decode();
  const sheet = Object.assign(document.createElement("canvas"), { width: frame.width, height: frame.height });
  sheet.getContext("2d").drawImage(frame, 0, 0);
  const video = Object.assign(document.createElement("video"), { muted: true, srcObject: sheet.captureStream(10) });
  await video.play();
  const spent = [];
  const frameOf = frameGrabber(video);
  for (let n = 0; n < times; n += 1) {
    sheet.getContext("2d").drawImage(frame, n % 3, 0);
    await new Promise((done) => setTimeout(done, 200));
    const start = performance.now();
    const asked = frameOf(video.srcObject);
    const waits = performance.now();
    const seen = await asked;
    const goesOn = performance.now();
    advice(look(seen, whole({ width: video.videoWidth, height: video.videoHeight }), guide));
    if (seen !== video) seen.close();
    spent.push(performance.now() - goesOn + waits - start);
  }
  return spent.sort((a, b) => a - b);
};
window.ready = true;
</script>"""


def made_by_light() -> dict[str, Callable[[np.ndarray], np.ndarray]]:
    """Faults that the drawing has no name for, made from a good frame."""
    from vision.networks import person_mask

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


def frames(people: int) -> Iterator[tuple[str, np.ndarray]]:
    from demo.drawn_people import VIOLATIONS, Person, draw_portrait

    for seed in range(people):
        person = Person.random(seed)
        good = np.asarray(draw_portrait(person, size=SIZE))
        yield from ((name, make(good)) for name, make in made_by_light().items())
        yield from ((name, np.asarray(draw_portrait(person, size=SIZE, violation=name))) for name in VIOLATIONS)


def engine_says(rgb: np.ndarray) -> set[str]:
    import vision

    found = vision.check(_jpeg(rgb)).verdict.findings
    return {finding.rule for finding in found}


def compare(page: Any, people: int) -> dict[str, Counter[str]]:
    """For each violation: how often engine and hint agree, which of them found something alone, and
    what they found.
    """
    table: dict[str, Counter[str]] = {}
    for name, rgb in frames(people):
        rules = engine_says(rgb) & SEEN
        hints, _ = page.evaluate("url => hint(url)", _url(rgb))
        meant = set().union(*(SPEAKS_OF[hint] for hint in hints)) if hints else set()
        row = table.setdefault(name, Counter())
        row["agree" if bool(hints) == bool(rules) and (not rules or rules & meant) else _apart(hints, rules)] += 1
        row.update(f"engine {rule}" for rule in rules)
        row.update(f"hint {hint}" for hint in hints[:1])
    return table


def _apart(hints: list[str], rules: set[str]) -> str:
    return "both, of other things" if hints and rules else "hint alone" if hints else "engine alone"


def _jpeg(rgb: np.ndarray) -> bytes:
    return cv2.imencode(".jpg", rgb[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 92])[1].tobytes()


def _url(rgb: np.ndarray) -> str:
    return "data:image/jpeg;base64," + base64.b64encode(_jpeg(rgb)).decode()


def open_page(browser: Any) -> Any:
    page = browser.new_page()
    page.route("**/*", lambda route: route.fulfill(body=PAGE, content_type="text/html"))
    page.route("**/*.js", lambda route: route.fulfill(path=SCRIPTS / Path(route.request.url).name, content_type=SCRIPT))
    page.goto("http://localhost/")
    page.wait_for_function("window.ready")
    return page


def cost(page: Any, rate: int) -> list[float]:
    """Sorted milliseconds of FRAMES analysed frames, five a second, with the processor slowed
    `rate` times.
    """
    _, rgb = next(frames(1))
    session = page.context.new_cdp_session(page)
    session.send("Emulation.setCPUThrottlingRate", {"rate": rate})
    spent = page.evaluate("([url, times]) => cost(url, times)", [_url(rgb), FRAMES])
    session.send("Emulation.setCPUThrottlingRate", {"rate": 1})
    return spent


def main(people: int) -> None:
    import django

    django.setup()
    from tests.support.browser import chromium

    with chromium() as browser:
        page = open_page(browser)
        table = compare(page, people)
        spent = {rate: cost(page, rate) for rate in (1, SLOWER)}
    width = max(map(len, table))
    print(f"{'':{width}}  agree  of {people}; what else")
    for name, row in table.items():
        rest = ", ".join(f"{count} {what}" for what, count in row.items() if what != "agree")
        print(f"{name:{width}}  {row['agree']:>5}  {rest}")
    agree, total = sum(row["agree"] for row in table.values()), people * len(table)
    print(f"agree {agree} of {total}")
    for rate, times in spent.items():
        print(
            f"a frame, {rate} x slower: least {times[0]:.1f}, median {times[len(times) // 2]:.1f}, most {times[-1]:.1f} ms"
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 4)
