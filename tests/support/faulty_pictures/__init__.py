"""Makes labelled violations of the photo rules from any folder of faces that keep them.

    .venv/bin/python -m tests.support.faulty_pictures FACES OUT [--people 51] [--only rule,rule]
    .venv/bin/python manage.py evaluate_checks OUT

FACES holds photos of people who keep every rule (with FACES/labels.csv only those without a label are taken, and their
groups are kept: a camera or a room each; without FACES drawn people are used). OUT gets the photos and labels.csv. Light, lenses, screens and bodies are imitated by how they form the
picture (optics in linear light, additive flares, a pixel grid seen in perspective, landmarks turned in their relief), not by
pasting. Where a maker finds nothing to change (no clothes in view) there is no photo. Each kind comes in three strengths, spread over the people. Kinds under LEFT_TO_REVIEWERS break a rule in a way that the
engine does not claim to see: they are measured, and counted apart. CONTROLS break nothing: people in drawn-on glasses, people
before walls with lines, in headscarves, with bandages, plasters and vitiligo.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from tests.support.faulty_pictures import appearance, camera, clothes, cover, eyes, integrity, light, ornaments, scenery
from tests.support.faulty_pictures.subject import STRENGTHS, Make, Picture, Subject

MAKERS: dict[str, tuple[Make, ...]] = {
    "one_face": (camera.beside_somebody,),
    "face_size": (camera.small,),
    "roll": (camera.tilted,),
    "yaw": (camera.turned,),
    "pitch": (camera.tipped,),
    "sharpness": (camera.defocus, camera.motion),
    "side_light": (light.side_lit,),
    "overexposed": (light.burnt,),
    "underexposed": (light.dim,),
    "face_glare": (light.shiny,),
    "red_eye": (eyes.red_eyed, eyes.flash_red),
    "eyes": (eyes.shut,),
    "gaze": (eyes.looking_aside,),
    "mouth": (eyes.opened,),
    "fringe": (cover.fringe,),
    "fringe:warn": (cover.strands,),
    "necklace": (ornaments.necklace,),
    "lens_glare": (eyes.lens_flare, eyes.window_mirrored, eyes.lamp_mirrored),
    "tinted_lens": (eyes.tinted, eyes.sunglasses),
    "head_cover": (cover.capped, cover.dark_capped, cover.banded),
    "mask": (cover.masked,),
    "clothes_background": (clothes.background_top,),
    "blue_top": (clothes.blue_top,),
    "pattern": (clothes.checks, clothes.stripes),
    "shoulders": (clothes.sloping,),
    "screen": (integrity.near_screen,),
    "print_edge": (integrity.from_print,),
    "beautified": (integrity.smoothed, integrity.airbrushed),
    "colour": (light.grey,),
    "colour:warn": (light.cast,),
    "too_close": (camera.close,),
}
LEFT_TO_REVIEWERS: dict[str, tuple[Make, ...]] = {
    "eyes": (eyes.half_shut,),
    "ears": (cover.hair_over_ears,),
    "head_cover": (cover.dark_banded,),
    "lens_glare": (eyes.screen_mirrored,),
    "earrings": (ornaments.studs, ornaments.hoops),
    "frames": (eyes.framed,),
    "screen": (integrity.moire_screen, integrity.far_screen),
    "print_edge": (integrity.borderless_print,),
    "beautified": (integrity.reshaped,),
}
CONTROLS: dict[str, tuple[Make, ...]] = {"": (eyes.in_glasses, *scenery.MAKERS, *appearance.MAKERS)}


def compliant(folder: Path | None, number: int) -> Iterator[tuple[str, bytes]]:
    """Names and bytes of photos that keep the rules."""
    if folder is None:
        from demo.drawn_people.person import Person
        from demo.drawn_people.portrait import draw_jpeg

        yield from ((f"drawn_{seed:03}", draw_jpeg(Person.random(seed), size=(900, 1200))) for seed in range(number))
        return
    rows = _labels(folder)
    clean = {row["file"] for row in rows if not row["expected"].strip()}
    paths = [path for path in sorted(folder.glob("*.jpg")) if not rows or path.name in clean]
    yield from ((path.stem, path.read_bytes()) for path in paths[:number])


def groups_of(folder: Path | None) -> dict[str, str]:
    """The groups that the labels of a folder give each photo, by its name without ending."""
    rows = _labels(folder) if folder else []
    return {Path(row["file"]).stem: row.get("group") or "" for row in rows}


def _labels(folder: Path) -> list[dict[str, str]]:
    labels = folder / "labels.csv"
    if not labels.exists():
        return []
    with labels.open(newline="") as file:
        return list(csv.DictReader(file))


__all__ = [
    "CONTROLS",
    "LEFT_TO_REVIEWERS",
    "MAKERS",
    "STRENGTHS",
    "Make",
    "Picture",
    "Subject",
    "compliant",
    "groups_of",
]
