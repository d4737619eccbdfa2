"""The face network of the camera page in real Chromium, on drawn people: what it finds, and that it finds what mediapipe finds."""

from wsgiref.headers import Headers

import cv2
import mediapipe
import numpy as np
import pytest
from django.contrib.staticfiles import finders
from django.test import Client

from bench.judging.camera_hints import SCRIPTS, head_limits, open_page, turned, url_of
from config import static_policy
from config.staticfiles import FACE_NETWORK
from demo.drawn_people import Person
from demo.drawn_people.feed import Stand, frame_of
from vision.networks import blazeface

SEEDS = (1, 4, 9, 12, 23)
TWO = SEEDS[::3]


@pytest.fixture(scope="module")
def page(browser):
    opened = open_page(browser)
    assert opened.evaluate("able")
    yield opened
    opened.close()


@pytest.fixture
def told(page):
    """`told(rgb)`: the hints for a frame, the most pressing first."""

    def hints(rgb):
        return page.evaluate("async ([url, limits]) => told(await seen(url), limits)", [url_of(rgb), head_limits()])

    return hints


@pytest.mark.parametrize("seed", SEEDS)
def test_points_lie_where_mediapipe_finds_them(page, seed):
    rgb = frame_of(Person.random(seed), Stand(scale=1.3, x=0.47 + seed / 500, roll=seed / 2))
    (found,) = page.evaluate("url => found(url)", url_of(rgb))
    points = np.array([*found["eyes"], found["nose"], found["mouth"], *found["ears"]])

    # The same square that the page looks at a second time; its own run of the network is the reference.
    small = cv2.resize(rgb, (240, 320), interpolation=cv2.INTER_AREA)
    side = 1.7 * found["box"]["width"] * 240
    centre = np.array([found["box"]["x"] + found["box"]["width"] / 2, found["box"]["y"] + found["box"]["height"] / 2])
    corner = centre * (240, 320) - side / 2
    scale = 128 / side
    square = cv2.warpAffine(
        small, np.array([[scale, 0, -corner[0] * scale], [0, scale, -corner[1] * scale]]), (128, 128)
    )
    with mediapipe.solutions.face_detection.FaceDetection(model_selection=0, min_detection_confidence=0.5) as detection:
        (reference,) = detection.process(square).detections
    expected = np.array([(p.x * 128, p.y * 128) for p in reference.location_data.relative_keypoints])

    assert np.abs((points * (240, 320) - corner) * scale - expected).max() < 2.5


def test_good_frames_get_no_hint(told):
    assert [told(frame_of(Person.random(seed), Stand(scale=1.15))) for seed in SEEDS] == [[]] * len(SEEDS)


@pytest.mark.parametrize(
    ("hint", "stand"),
    [
        ("far", Stand(scale=0.5)),
        ("near", Stand(scale=2.2)),
        ("fit", Stand(x=0.12)),
        ("high", Stand(scale=1.2, eye=0.18)),
        ("leaning", Stand(roll=13)),
        ("leaning", Stand(roll=-13)),
    ],
)
def test_the_hint_names_how_somebody_stands(told, hint, stand):
    for seed in TWO:
        assert told(frame_of(Person.random(seed), stand))[0] == hint


@pytest.mark.parametrize("degrees", [-20, 20])
def test_a_turned_head_is_noticed(told, degrees):
    for seed in TWO:
        assert told(turned(frame_of(Person.random(seed), Stand(scale=1.15)), degrees))[0] == "turned"


@pytest.mark.parametrize("scale", [0.35, 0.7])
def test_a_second_person_is_noticed_also_far_behind(told, scale):
    for seed in TWO:
        behind = (Person.random(seed + 50), Stand(scale, 0.86, 0.45))
        assert told(frame_of(Person.random(seed), Stand(0.95, 0.44), behind=behind))[0] == "several"


def test_an_empty_oval_is_nobody_and_never_good(told):
    assert told(frame_of(Person.random(1), violation="nobody")) == ["nobody"]


def test_a_dark_room_is_too_dark_rather_than_empty(told):
    assert told((frame_of(Person.random(1), violation="nobody") * 0.1).astype(np.uint8)) == ["dark"]


def test_light_is_read_on_the_face_wherever_it_stands(told):
    """A face at the side in good light gets no word about light; one side of it in shadow does."""
    rgb = frame_of(Person.random(4), Stand(scale=0.95, x=0.68))
    assert told(rgb) == []
    shade = np.linspace(-8, 8, rgb.shape[1]) - 16 * 0.18
    shadowed = (rgb * (1 - 0.75 / (1 + np.exp(-3 * shade)))[None, :, None]).astype(np.uint8)
    assert "side" in told(shadowed)


def test_a_limit_that_the_season_has_switched_off_is_not_spoken_of(page):
    rgb = frame_of(Person.random(4), Stand(scale=1.1, roll=13))
    limits = head_limits() | {"roll": None}
    assert page.evaluate("async ([url, limits]) => told(await seen(url), limits)", [url_of(rgb), limits]) == []


# Browsers that lack something, and what of the page is changed to be like them; `before` stands before the worker's script.
OLD_BROWSERS = {
    "no workers": "delete window.Worker;",
    "no workers for this page": "window.Worker = function () { throw new DOMException('forbidden', 'SecurityError'); };",
    "no WebAssembly": "delete window.WebAssembly;",
}
OLD_WORKERS = {
    "no vectors": "WebAssembly.instantiate = () => Promise.reject(new WebAssembly.CompileError('unknown opcode'));",
    "no compiling": "WebAssembly.instantiate = () => { throw new EvalError('forbidden by the policy'); };",
    "no text decoder": "delete self.TextDecoder;",
    "newer syntax": "let a b;",
}


def test_a_browser_that_cannot_run_the_network_finds_no_face_and_claims_none(browser):
    page = open_page(browser)
    worker = (SCRIPTS / "face_worker.js").read_text(encoding="utf-8")

    def answer(route):
        before = OLD_WORKERS[route.request.url.rsplit("/")[-1].replace("%20", " ")]
        route.fulfill(body=before + worker, content_type="text/javascript")

    page.route("**/old/*", answer)
    good = url_of(frame_of(Person.random(4), Stand(scale=1.15)))
    for name in (*OLD_WORKERS, *OLD_BROWSERS):
        found = page.evaluate(
            """async ([worker, change, url]) => {
              new Function(change)();
              const { faceFinder } = await import("/faces.js");
              const finder = faceFinder({ worker, model: "/blazeface.bin" });
              const sheet = Object.assign(document.createElement("canvas"), { width: 480, height: 640 });
              return [await finder.begin(), await finder.find(sheet), (await seen(url, true)).poses];
            }""",
            ["/old/" + name if name in OLD_WORKERS else "/face_worker.js", OLD_BROWSERS.get(name, ""), good],
        )
        assert found == [False, None, None], name
    page.close()


def test_the_worker_draws_what_the_page_would_have_drawn(page):
    """Where it can: without a canvas of its own it leaves that to the page."""
    worker = (SCRIPTS / "face_worker.js").read_text(encoding="utf-8")
    page.route("**/plain_worker.js", lambda route: route.fulfill(
        body="delete self.OffscreenCanvas;" + worker, content_type="text/javascript"))  # fmt: skip
    face, differs, plain = page.evaluate(
        """async (url) => {
          const [{ faceFinder }, hints, lens] = await Promise.all(["faces", "hints", "lens"].map((name) => import(`/${name}.js`)));
          const image = Object.assign(new Image(), { src: url });
          await image.decode();
          const finder = faceFinder({ worker: "/face_worker.js", model: "/blazeface.bin" });
          const plain = faceFinder({ worker: "/plain_worker.js", model: "/blazeface.bin" });
          await Promise.all([finder.begin(), plain.begin()]);
          const crop = lens.cropOf(image.width, image.height);
          const own = hints.pixelsOf(image, crop);
          const { faces, light } = await finder.take(new VideoFrame(image, { timestamp: 0 }), hints.copyOf(crop));
          const [found] = await plain.find(image);
          const far = ["x", "y", "width", "height"].map((name) => Math.abs(faces[0].box[name] - found.box[name]));
          return [Math.max(...far), own.length - light.length || own.filter((value, i) => value !== light[i]).length,
            [finder.canTake(), plain.canTake()]];
        }""",
        url_of(frame_of(Person.random(4), Stand(scale=1.15))),
    )
    assert (face < 0.005, differs, plain) == (True, 0, [True, False])


def test_before_the_network_has_come_the_worker_draws_already_and_no_face_is_claimed(page):
    """The page would be held up by drawing until then."""
    page.route("**/slow.bin", lambda route: None)
    found = page.evaluate(
        """async () => {
          const [{ faceFinder }, hints, lens] = await Promise.all(["faces", "hints", "lens"].map((name) => import(`/${name}.js`)));
          const sheet = Object.assign(document.createElement("canvas"), { width: 480, height: 640 });
          sheet.getContext("2d").fillRect(0, 0, 480, 640);
          const finder = faceFinder({ worker: "/face_worker.js", model: "/slow.bin" });
          const loaded = finder.begin();
          const states = [finder.canTake(), await finder.willTake(), finder.canTake()];
          const { faces, light } = await finder.take(new VideoFrame(sheet, { timestamp: 0 }), hints.copyOf(lens.cropOf(480, 640)));
          finder.close();
          return [states, faces, light.length > 0, finder.canTake(), await loaded];
        }"""
    )
    assert found == [[False, True, True], None, True, False, False]


# Its answer to the first look comes with the second, just before the answer to that.
LATE_WORKER = """
const looks = [];
const answer = (turn, n) => self.postMessage({ faces: [{ score: 1, box: { width: n + 1 } }], turn });
self.onmessage = ({ data: { model, turn } }) => {
  if (model) return self.postMessage({ ready: true, turn });
  looks.push(turn);
  if (looks.length > 1) looks.forEach(answer);
};
"""


def test_an_answer_that_comes_too_late_is_not_taken_for_that_of_the_next_look(page):
    page.route("**/late_worker.js", lambda route: route.fulfill(body=LATE_WORKER, content_type="text/javascript"))
    widths = page.evaluate(
        """async () => {
          const { faceFinder } = await import("/faces.js");
          const finder = faceFinder({ worker: "/late_worker.js", model: "/blazeface.bin" });
          await finder.begin();
          const frame = Object.assign(document.createElement("canvas"), { width: 480, height: 640 });
          const found = [await finder.find(frame), await finder.find(frame)];
          finder.close();
          return found.map((faces) => faces && faces[0].box.width);
        }"""
    )
    assert widths == [None, 2]


def test_the_network_is_made_from_the_installed_package():
    path = finders.find(FACE_NETWORK)
    with open(path, "rb") as made:
        assert made.read() == blazeface.page_file()
    assert FACE_NETWORK in [name for finder in finders.get_finders() for name, _ in finder.list([])]


def test_another_model_is_refused():
    model = blazeface.model_path()
    with pytest.raises(blazeface.UnknownModelError):
        blazeface.convert(model.with_name("face_detection_full_range_sparse.tflite").read_bytes())
    with pytest.raises(blazeface.UnknownModelError):
        blazeface.convert(b"no model at all")


def test_only_the_worker_may_compile(client: Client, db):
    worker, script = (client.head(f"/static/js/camera/{name}.js") for name in ("face_worker", "faces"))
    assert worker["Content-Security-Policy"] == static_policy.FACE_WORKER_POLICY
    assert "wasm-unsafe-eval" in static_policy.FACE_WORKER_POLICY
    assert script["Content-Security-Policy"] == static_policy.POLICY
    assert "frame-ancestors 'none'" in static_policy.POLICY
    assert not script.has_header("Access-Control-Allow-Origin")
    hashed = Headers()
    static_policy.add_policy(hashed, "", "/static/js/camera/face_worker.0123456789ab.js")
    assert hashed["Content-Security-Policy"] == static_policy.FACE_WORKER_POLICY
    assert "wasm" not in client.head("/static/js/camera/film_worker.js")["Content-Security-Policy"]
    assert "wasm" not in client.get("/accounts/login/")["Content-Security-Policy"]
