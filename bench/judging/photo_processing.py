"""The vision engine on 12 MP photos: each figure beside its floor or peer, in one run.

    .venv/bin/python -m bench.judging.photo_processing [DIR]          the photos of DIR, else drawn ones, enlarged to 12 MP

One core (the process is bound to it), except where workers are counted. Times are the best of several runs of each photo, then
the mean over photos: other work on the machine only ever adds.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

import vision
from bench.portraits.matting import Case, guided, mask_only, pymatting_closed_form
from tests.support.faulty_pictures import compliant
from vision.crops.face import CHIN, OVAL
from vision.networks import mediapipe_graphs
from vision.portrait import automatic_crop, matting, warp

PHOTOS = 4
RUNS = 7
LONG_SIDE, SHORT_SIDE = 4032, 3024
GRAIN = 10.0  # grey levels of noise; gives the 4.7 MB of a phone's JPEG
QUALITY = 92
SECONDS = 8.0


def phone_photo(data: bytes, seed: int) -> bytes:
    """A photo enlarged and cut to 12 MP upright, with the grain of a phone camera."""
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    height, width = picture.shape[:2]
    wanted = min(width, round(height * SHORT_SIDE / LONG_SIDE))
    left = (width - wanted) // 2
    large = cv2.resize(picture[:, left : left + wanted], (SHORT_SIDE, LONG_SIDE), interpolation=cv2.INTER_CUBIC)
    grain = np.random.default_rng(seed).normal(0, GRAIN, large.shape).astype(np.float32)
    noisy = np.clip(large + grain, 0, 255).astype(np.uint8)
    return cv2.imencode(".jpg", noisy, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes()


def best(work: Callable[[], object]) -> float:
    """Milliseconds of processor time of the fastest of several runs."""
    spent = []
    for _ in range(RUNS):
        start = time.process_time()
        work()
        spent.append(1000 * (time.process_time() - start))
    return min(spent)


def mean(photos: list[bytes], work: Callable[[bytes], object]) -> float:
    return float(np.mean([best(lambda photo=photo: work(photo)) for photo in photos]))


def decode(data: bytes, flag: int) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(data, np.uint8), flag | cv2.IMREAD_IGNORE_ORIENTATION)


def run_networks(source: vision.Source) -> None:
    mediapipe_graphs.face_meshes(source.work)
    mediapipe_graphs.face_detections(source.work)
    mediapipe_graphs.person_mask(source.work[:384, :384])


def framed(data: bytes) -> Case:
    """What the matting of a portrait starts from."""
    checked = vision.check(data)
    size = checked.source.size
    crop = automatic_crop.choose_crop(checked.measures, size)[0]
    matrix = crop.matrix(size)
    picture = warp(checked.source, crop)
    oval = np.array(checked.measures["oval"]) * size @ matrix[:, :2].T + matrix[:, 2]
    none = np.zeros(picture.shape[:2], np.float32)
    mask = mediapipe_graphs.person_mask(picture)
    return Case("", picture.astype(np.float32) / 255, none, none, mask, float(oval[OVAL.index(CHIN), 1]), oval)


def report_check(photos: list[bytes]) -> None:
    floor = mean(photos, lambda data: decode(data, cv2.IMREAD_REDUCED_COLOR_4))
    whole = mean(photos, lambda data: decode(data, cv2.IMREAD_COLOR))
    sources = {data: vision.open_photo(data) for data in photos}
    models = mean(photos, lambda data: run_networks(sources[data]))
    measuring = mean(photos, lambda data: vision.measure(sources[data]))
    check = mean(photos, vision.check)
    print(f"decode at 1/4 (floor)                {floor:7.1f} ms     whole {whole:.1f} ms")
    print(f"three networks alone                 {models:7.1f} ms")
    print(f"measure, networks included           {measuring:7.1f} ms")
    print(f"check: open, measure, judge          {check:7.1f} ms     {check / floor:.2f} x the floor   (budget 1.7 x)")


def report_portrait(photos: list[bytes]) -> None:
    checked = {data: vision.check(data) for data in photos}
    portrait = mean(photos, lambda data: vision.make_portrait(checked[data].source, checked[data].measures))
    print(f"portrait beyond the check            {portrait:7.1f} ms     (budget 200 ms)")
    cases = {data: framed(data) for data in photos}
    ours = mean(
        photos,
        lambda data: matting.compute_matte(cases[data].rgb, cases[data].mask, cases[data].chin, cases[data].oval),
    )
    print(f"  of it cutting out                  {ours:7.1f} ms")
    for name, method in (
        ("mask only", mask_only),
        ("guided filter", guided),
        ("pymatting closed form", pymatting_closed_form),
    ):
        spent = mean(photos, lambda data, method=method: method(cases[data]))
        print(f"  peer: {name:27}  {spent:7.1f} ms")


def report_workers(photos: list[Path], number: int) -> None:
    command = [sys.executable, "-m", "bench.judging.photo_worker", str(SECONDS), *map(str, photos)]
    pipe = subprocess.PIPE
    workers = [subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) for _ in range(number)]
    for worker in workers:
        worker.stdout.readline()
    for worker in workers:
        worker.stdin.write("go\n")
        worker.stdin.flush()
    found = [[float(value) for value in worker.communicate()[0].split()] for worker in workers]
    total, most = sum(rate for rate, _ in found), max(memory for _, memory in found)
    print(f"{number} worker(s), check and portrait        {total:7.1f} photos/s")
    print(f"  memory of each, all networks loaded{most:7.0f} MB     (budget 350 MB)")


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    photos = [phone_photo(data, seed) for seed, (_, data) in enumerate(compliant(folder, PHOTOS))]
    sizes = ", ".join(f"{len(data) / 1e6:.1f}" for data in photos)
    print(
        f"{len(photos)} photos of {SHORT_SIDE} x {LONG_SIDE} px, {sizes} MB; load of the machine {os.getloadavg()[0]:.1f}"
    )
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(cores)})
    cv2.setNumThreads(1)
    vision.warm_up()
    report_check(photos)
    report_portrait(photos)
    os.sched_setaffinity(0, cores)
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder, f"{number}.jpg") for number in range(len(photos))]
        for path, photo in zip(paths, photos, strict=True):
            path.write_bytes(photo)
        for number in (1, 2):
            report_workers(paths, number)


if __name__ == "__main__":
    main()
