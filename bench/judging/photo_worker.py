"""One photo worker as the portal runs it: Django and every network are loaded, and nothing of the benchmarks.

    .venv/bin/python -m bench.judging.photo_worker SECONDS PHOTO...

Says "ready", waits for a line, checks the photos and makes their portraits for some seconds, then says how many it made a second
and the most memory between two photos, in MB.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import django

os.environ |= {"DJANGO_SETTINGS_MODULE": "config.settings", "TUCAI_SERVICES": "none"}
django.setup()

import vision  # noqa: E402
from vision.networks import mediapipe_graphs  # noqa: E402


def resident() -> float:
    """Resident MB of this process."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def main() -> None:
    seconds, paths = float(sys.argv[1]), sys.argv[2:]
    vision.warm_up()
    mediapipe_graphs.pose_landmarks(vision.open_photo(Path(paths[0])).small)  # few photos need it
    print("ready", flush=True)
    sys.stdin.readline()
    number, most, start = 0, 0.0, time.perf_counter()
    while time.perf_counter() - start < seconds:
        checked = vision.check(Path(paths[number % len(paths)]))
        vision.make_portrait(checked.source, checked.measures)
        number, most = number + 1, max(most, resident())
    print(number / (time.perf_counter() - start), most)


if __name__ == "__main__":
    main()
