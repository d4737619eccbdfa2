"""How many verdicts turn when a photo is changed as phones, programs and rooms change it.

Only photos that keep the rules are changed. A verdict turns when it becomes another: green, amber
or red. Findings of rules that may rightly answer to the change (`Variation.answers`) do not count,
before or after.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from vision.evaluation.labelled_photos import EvaluatedPhoto, Evaluation, KeptMeasures, Progress, measure_file
from vision.evaluation.shares import Share
from vision.evaluation.variations import MOST_TURNED, VARIATIONS, Original, Variation
from vision.networks import mediapipe_graphs
from vision.verdict import Finding, Verdict

OUTCOMES = ("green", "amber", "red")
SAVED_EVERY = 10  # photos: each takes some ten seconds


@dataclass(frozen=True)
class VariedPhoto:
    """A photo with its findings before and after a change."""

    photo: EvaluatedPhoto
    variation: Variation
    after: tuple[Finding, ...]

    @property
    def verdicts(self) -> tuple[str, str]:
        """Before and after."""
        before, after = (self._counted(findings) for findings in (self.photo.findings, self.after))
        return Verdict(before).outcome, Verdict(after).outcome

    @property
    def has_turned(self) -> bool:
        before, after = self.verdicts
        return before != after

    @property
    def is_worse(self) -> bool:
        before, after = self.verdicts
        return OUTCOMES.index(after) > OUTCOMES.index(before)

    @property
    def appeared(self) -> list[str]:
        """Rules, with their outcome, that speak only after the change."""
        return _names(self._counted(self.after), self._counted(self.photo.findings))

    @property
    def vanished(self) -> list[str]:
        return _names(self._counted(self.photo.findings), self._counted(self.after))

    def _counted(self, findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
        return tuple(finding for finding in findings if finding.rule not in self.variation.answers)


def _names(here: tuple[Finding, ...], there: tuple[Finding, ...]) -> list[str]:
    others = {(finding.rule, finding.outcome) for finding in there}
    return [f"{f.rule}:{f.outcome}" for f in here if (f.rule, f.outcome) not in others]


@dataclass(frozen=True)
class Stability:
    """One change over all photos that keep the rules."""

    variation: Variation
    photos: list[VariedPhoto]

    @property
    def turned(self) -> Share:
        return Share(sum(photo.has_turned for photo in self.photos), len(self.photos))

    @property
    def worse(self) -> int:
        return sum(photo.is_worse for photo in self.photos)

    @property
    def rejected(self) -> int:
        """Photos that are red only after the change."""
        return sum(photo.has_turned and photo.verdicts[1] == "red" for photo in self.photos)

    @property
    def is_unstable(self) -> bool:
        """Whether a harmless change turns more verdicts than it may."""
        return self.variation.is_harmless and (self.turned.value or 0) > MOST_TURNED

    def turned_in(self, name: str) -> Share:
        """Of the photos of one set."""
        part = [photo.has_turned for photo in self.photos if photo.photo.label.set == name]
        return Share(sum(part), len(part))

    def rules(self) -> tuple[Counter[str], Counter[str]]:
        """How often each rule appeared and vanished in verdicts that turned."""
        turned = [photo for photo in self.photos if photo.has_turned]
        return (
            Counter(name for photo in turned for name in photo.appeared),
            Counter(name for photo in turned for name in photo.vanished),
        )


def stability(
    judged: Evaluation,
    variations: Sequence[Variation] = VARIATIONS,
    kept: KeptMeasures | None = None,
    progress: Progress | None = None,
) -> list[Stability]:
    """Change every photo that keeps the rules and shows a face, and judge it again."""
    measured = kept or KeptMeasures()
    photos = [photo for photo in judged.photos if photo.label.is_clean and photo.measures.get("faces")]
    _measure_missing(photos, variations, measured, progress)
    return [
        Stability(
            variation,
            [VariedPhoto(photo, variation, judged.findings(measured[_key(photo, variation)])) for photo in photos],
        )
        for variation in variations
    ]


def _measure_missing(
    photos: Iterable[EvaluatedPhoto],
    variations: Sequence[Variation],
    measured: KeptMeasures,
    progress: Progress | None,
) -> None:
    missing = {
        photo.label.name: (photo, todo)
        for photo in photos
        if (todo := [variation for variation in variations if _key(photo, variation) not in measured])
    }
    if missing:
        mediapipe_graphs.warm_up()
    for number, (photo, todo) in enumerate(missing.values(), 1):
        original = Original(photo.label.path.read_bytes())
        for variation in todo:
            measured[_key(photo, variation)] = measure_file(variation.of(original))
        if number % SAVED_EVERY == 0:
            measured.save()
        if progress:
            progress(number, len(missing))
    measured.save()


def _key(photo: EvaluatedPhoto, variation: Variation) -> str:
    return f"{photo.label.name}#{variation.name}"
