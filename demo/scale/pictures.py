"""The pictures that the photos of the scale demo share: a few drawn people, judged by the engine.

One stored file stands in many rows; whoever deletes it for one student takes it from others. That is well for
measuring and for looking at pages, and no place to try retention.
"""

import uuid
from dataclasses import dataclass, field
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from capture.judging import judge
from capture.judging.judge import Judgement
from demo import drawn_people
from demo.scale.copying import Raw, json_text
from schools.models import Season

SIZE = (1200, 1600)
PEOPLE = 6  # of each gender
WRONG = ("eyes", "mouth", "roll", "side_light", "fringe", "sharpness")
DOUBTFUL = ("screen", "lens_glare")
EMPTY = Raw("{}")


@dataclass(frozen=True)
class Picture:
    """One judged picture: its stored files, and what the engine says of it, written for COPY."""

    outcome: str
    files: dict[str, tuple[str, int]]  # {original, preview, portrait, thumbnail: (name, bytes)}
    measures: Raw = EMPTY
    geometry: Raw = EMPTY
    background: str = ""
    findings: list[tuple[str, str, float | None, float | None, Raw]] = field(default_factory=list)

    @property
    def rules(self) -> list[str]:
        return [finding[0] for finding in self.findings]


@dataclass(frozen=True)
class Pictures:
    """`good` have a portrait, `refused` have none."""

    good: list[Picture]
    doubtful: list[Picture]
    refused: list[Picture]
    sheet: tuple[str, int]  # the PDF of every volume
    form: tuple[str, int]  # the picture of every stamped form


def draw(season: Season) -> Pictures:
    """Draw, judge and store the pictures: about a second of work each."""
    found: dict[str, list[Picture]] = {"green": [], "amber": [], "red": []}
    for n in range(PEOPLE):
        for gender in ("male", "female"):
            _add(found, season, n, gender, None)
    for n, violation in enumerate((*WRONG, *DOUBTFUL)):
        _add(found, season, 100 + n, ("male", "female")[n % 2], violation)
    good = found["green"] or found["amber"]
    return Pictures(good, found["amber"] or good, found["red"], *papers())


def _add(found: dict[str, list[Picture]], season: Season, n: int, gender: str, violation: str | None) -> None:
    original = drawn_people.draw_jpeg(drawn_people.Person.random(n * 7 + 1, gender=gender), violation, size=SIZE)
    judgement = judge.examine_bytes(original, season)
    found[judgement.outcome].append(stored(original, judgement))


def stored(original: bytes, judgement: Judgement) -> Picture:
    """Store the files of a judged picture."""
    contents = {"original": original} | judgement.files
    return Picture(
        judgement.outcome,
        {name: _store(f"{'originals' if name in ('original', 'preview') else 'portraits'}/shared", "jpg", content)
         for name, content in contents.items()},
        json_text(judgement.measures),
        json_text(judgement.geometry),
        judgement.geometry.get("background", ""),
        [(row.rule, row.outcome, row.value, row.limit, json_text([list(mark) for mark in row.marks]))
         for row in judgement.findings],
    )  # fmt: skip


def papers() -> tuple[tuple[str, int], tuple[str, int]]:
    """A page as PDF and as a picture: what stands for sheets and stamped forms."""
    import io

    from PIL import Image, ImageDraw

    page = Image.new("RGB", (620, 877), "white")
    ImageDraw.Draw(page).rectangle((60, 60, 560, 817), outline="black", width=2)
    pdf, jpeg = io.BytesIO(), io.BytesIO()
    page.save(pdf, "PDF")
    page.save(jpeg, "JPEG")
    return _store("sheets/shared", "pdf", pdf.getvalue()), _store("feedback/shared", "jpg", jpeg.getvalue())


def _store(folder: str, ending: str, content: bytes) -> tuple[str, int]:
    return default_storage.save(f"{folder}/{uuid.uuid4().hex}.{ending}", ContentFile(content)), len(content)


def files_of(picture: Picture, names: tuple[str, ...]) -> list[Any]:
    """name, bytes, name, bytes ...; empty for a file that the photo has not."""
    return [value for name in FILES for value in (picture.files.get(name, ("", 0)) if name in names else ("", 0))]


FILES = ("original", "preview", "portrait", "thumbnail")
