"""Photos with what was found in them, or missed: sheets for a person to look at."""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from vision import RULES_BY_NAME, Unreadable, open_photo
from vision.evaluation.labelled_photos import EvaluatedPhoto, Evaluation, is_compliant

COLUMNS, ROWS = 8, 8
PICTURE, LINE, LINES = (200, 250), 13, 4  # px; lines of text below each picture
CELL = (PICTURE[0], PICTURE[1] + LINE * LINES)

Described = list[tuple[EvaluatedPhoto, list[str]]]


def write_sheets(judged: Evaluation, folder: Path) -> list[Path]:
    """false_alarms.jpg and misses.jpg in `folder`, and false_alarms_2.jpg when one is full."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, described in (("false_alarms", false_alarms(judged)), ("misses", misses(judged))):
        pages = range(0, len(described), COLUMNS * ROWS)
        for number, first in enumerate(pages, 1):
            path = folder / (f"{name}.jpg" if number == 1 else f"{name}_{number}.jpg")
            contact_sheet(described[first : first + COLUMNS * ROWS]).save(path, quality=90)
            written.append(path)
    return written


def false_alarms(judged: Evaluation) -> Described:
    """Photos that keep a rule which finds something in them."""
    described = []
    for photo in judged.photos:
        found = [finding for finding in photo.findings if is_compliant(photo, finding.rule)]
        lines = [f"{finding.rule} {finding.outcome} {against(finding.value, finding.limit)}" for finding in found]
        described += [(photo, lines)] if lines else []
    return described


def misses(judged: Evaluation) -> Described:
    """Photos that break a rule which does not see it as it should."""
    described = []
    for photo in judged.photos:
        lines = [missed(photo, rule, judged) for rule in sorted(photo.label.expected) if is_missed(photo, rule)]
        described += [(photo, lines)] if lines else []
    return described


def is_missed(photo: EvaluatedPhoto, rule: str) -> bool:
    """A rule that rejects must reject, unless the label asks for a warning only."""
    must_reject = "reject" in RULES_BY_NAME[rule].outcomes and rule not in photo.label.warned
    return not photo.breaks(rule, ("reject",) if must_reject else ("reject", "warn"))


def missed(photo: EvaluatedPhoto, rule: str, judged: Evaluation) -> str:
    outcome = next(iter(RULES_BY_NAME[rule].outcomes))
    score = RULES_BY_NAME[rule].violation_score(photo.measures, background=judged.limits.background)
    return f"{rule} missed {against(score, judged.limits.get(rule, outcome))}"


def against(value: float | None, limit: float | None) -> str:
    return "" if value is None or limit is None else f"{value:.3g} / {limit:g}"


def contact_sheet(described: Described) -> Image.Image:
    """Every photo with its file name and its lines."""
    sheet = Image.new("RGB", (COLUMNS * CELL[0], -(-len(described) // COLUMNS) * CELL[1]), "white")
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(LINE - 2)
    for number, (photo, lines) in enumerate(described):
        x, y = number % COLUMNS * CELL[0], number // COLUMNS * CELL[1]
        picture = thumbnail(photo.label.path)
        sheet.paste(picture, (x + (PICTURE[0] - picture.width) // 2, y))
        for row, line in enumerate([photo.label.name[-34:], *lines][:LINES]):
            draw.text((x + 2, y + PICTURE[1] + row * LINE), line, fill="black", font=font)
    return sheet


def thumbnail(path: Path) -> Image.Image:
    """The upright photo; a grey field when it cannot be opened."""
    try:
        picture = Image.fromarray(open_photo(path).small)
    except Unreadable:
        return Image.new("RGB", PICTURE, "grey")
    picture.thumbnail(PICTURE)
    return picture
