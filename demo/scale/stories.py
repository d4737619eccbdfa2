"""What happens to one student of the scale demo: the tries, and where the last one ends."""

import random
from dataclasses import dataclass

from capture.models import Photo
from students.models import Student

Status, Stage = Photo.Status, Student.Stage
READY, SUBMITTED, APPROVED, RETURNED = Status.READY, Status.SUBMITTED, Status.APPROVED, Status.RETURNED
REJECTED, CHECKING, FAILED, WITHDRAWN = Status.REJECTED, Status.CHECKING, Status.FAILED, Status.WITHDRAWN
MOST_TRIES = 3


@dataclass(frozen=True)
class Story:
    """`tries`: the last state of each photo. `is_proofed`, `is_disputed`, `is_locked` say what came after."""

    tries: tuple[str, ...] = ()
    is_proofed: bool = False
    is_disputed: bool = False
    is_locked: bool = False

    @property
    def stage(self) -> str:
        """Before the sheets are printed."""
        if not self.tries:
            return Stage.WAITING
        return Stage.PROOFED if self.is_proofed else STAGE_AFTER[self.tries[-1]]


STAGE_AFTER: dict[str, str] = {
    CHECKING: Stage.CHECKING,
    REJECTED: Stage.RETAKE,
    FAILED: Stage.RETAKE,
    RETURNED: Stage.RETAKE,
    READY: Stage.READY,
    SUBMITTED: Stage.REVIEW,
    APPROVED: Stage.APPROVED,
}
NEVER, LOCKED = Story(), Story((RETURNED,), is_locked=True)
_WAYS_TO_APPROVAL = (((APPROVED,), 72), ((REJECTED, APPROVED), 17), ((REJECTED, REJECTED, APPROVED), 4),
                     ((RETURNED, APPROVED), 5), ((WITHDRAWN, APPROVED), 2))  # fmt: skip


def _approved(weight: float, **flags: bool) -> list[tuple[Story, float]]:
    return [(Story(tries, **flags), weight * share / 100) for tries, share in _WAYS_TO_APPROVAL]


# {phase of the school: [(story, weight)]}; "today": the students whose day is this one.
_OPEN = [
    (NEVER, 10.0),
    (Story((REJECTED,)), 6.5),
    (Story((REJECTED, REJECTED)), 1.5),
    (Story((RETURNED,)), 2.0),
    (Story((READY,)), 2.0),
    (Story((WITHDRAWN, READY)), 0.5),
    (Story((SUBMITTED,)), 12.0),
    (Story((REJECTED, SUBMITTED)), 3.0),
    (Story((FAILED,)), 0.03),
    (LOCKED, 0.1),
]
STORIES = {
    "preparing": [(NEVER, 1.0)],
    "today": [*_OPEN, (NEVER, 25.0), (Story((CHECKING,)), 0.05), *_approved(20)],
    "capturing": [*_OPEN, *_approved(62)],
    "proofreading": [
        (NEVER, 2.0),
        (Story((REJECTED,)), 0.4),
        (Story((RETURNED,)), 0.3),
        (LOCKED, 0.05),
        *_approved(34),
        *_approved(0.5, is_disputed=True),
        *_approved(62, is_proofed=True),
    ],
    "feedback": [(NEVER, 2.2), (Story((REJECTED,)), 0.2), (LOCKED, 0.02), *_approved(97, is_proofed=True)],
}
_DRAWN = {name: ([story for story, _w in told], [weight for _s, weight in told]) for name, told in STORIES.items()}


def draw(phase: str, chance: random.Random) -> Story:
    stories, weights = _DRAWN[phase]
    return chance.choices(stories, weights)[0]
