"""What the networks cost a process that judges photos."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
JUDGE = """
import json, os, sys
from pathlib import Path
import vision
from vision.networks import mediapipe_graphs

data = Path(sys.argv[1]).read_bytes()
for _ in range(3):
    checked = vision.check(data)
    vision.make_portrait(checked.source, checked.measures)
    mediapipe_graphs.face_detections(checked.source.small)
    body = mediapipe_graphs.pose_landmarks(checked.source.small)
resident = int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
print(json.dumps({"resident": resident, "packages": sorted(sys.modules), "body": body is not None}))
"""


def test_process_with_every_network_stays_small(draw, tmp_path):
    """A photo worker has 350 MB; Django takes 70 of them."""
    photo = tmp_path / "photo.jpg"
    draw(2).resize((3024, 4032)).save(photo, quality=92)

    made = subprocess.run([sys.executable, "-c", JUDGE, photo], cwd=ROOT, capture_output=True, check=True, text=True)
    found = json.loads(made.stdout.splitlines()[-1])

    assert found["body"]
    assert found["resident"] < 280
    assert "matplotlib" not in found["packages"]
