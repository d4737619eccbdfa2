"""Pictures for the scale demo that no engine has judged: small files, and measures as they could be."""

import io

from PIL import Image

from capture.judging.judge import Judgement
from demo.scale import pictures
from demo.scale.pictures import Pictures
from schools.models import Season
from vision import Finding


def draw(season: Season) -> Pictures:
    file = io.BytesIO()
    Image.new("RGB", (48, 64), "white").save(file, "JPEG")
    jpeg = file.getvalue()
    made = {"preview": jpeg, "portrait": jpeg, "thumbnail": jpeg}
    geometry = {"background": "blue"}
    green = Judgement((), {"roll": 0.5}, geometry, files=made)
    amber = Judgement((Finding("screen", "warn", 2.0, 1.0),), {"roll": 0.5}, geometry, files=made)
    red = Judgement((Finding("eyes", "reject", 0.1, 0.4),), {"roll": 0.5}, files={"preview": jpeg})
    whole = [pictures.stored(jpeg, one) for one in (green, amber, red)]
    return Pictures(*([one] for one in whole), *pictures.papers())
