"""Limiting people of a school to the students of some colleges and classes.

`portal.access` opens `limited_to` around every request of a limited person, `portal.background.jobs` around a
job that such a person started. Inside it every query of a tenant model that leads to a student
(`TenantModel.path_to_student`) finds only rows of these students: lists, searches, counts, exports.
Actions about a whole school are refused to a limited person (`portal.permissions`).

What a rule must know of the whole school, such as whether a student number is taken, it asks inside
`lifted`. Keep that block short, and return only the fact.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, dataclass
from typing import Any

from django.apps import apps
from django.db.models import Model, Q, QuerySet


@dataclass(frozen=True)
class Limit:
    """The colleges and classes to whose students a person is limited; none: all students."""

    colleges: Sequence[str] = ()
    class_names: Sequence[str] = ()

    def __bool__(self) -> bool:
        return bool(self.colleges or self.class_names)

    def admits(self, student: Any) -> bool:
        return not self or student.college in self.colleges or student.class_name in self.class_names

    def condition(self, path: str) -> Q:
        """The condition on rows whose student is at the end of `path`; "": the rows are students."""
        lead = f"{path}__" if path else ""
        return Q(**{f"{lead}college__in": self.colleges}) | Q(**{f"{lead}class_name__in": self.class_names})

    def as_json(self) -> dict[str, list[str]]:
        return {name: list(values) for name, values in asdict(self).items()}


NONE = Limit()
_present: ContextVar[Limit] = ContextVar("limit", default=NONE)


def present() -> Limit:
    """The limit of whoever asks now."""
    return _present.get()


@contextmanager
def limited_to(limit: Limit) -> Iterator[None]:
    token = _present.set(limit)
    try:
        yield
    finally:
        _present.reset(token)


def lifted() -> Any:
    """Without a limit, for one fact about the whole school."""
    return limited_to(NONE)


def narrow(rows: QuerySet[Any]) -> QuerySet[Any]:
    """The rows of students whom the present limit admits. Called for every query of a tenant model."""
    limit, path = _present.get(), rows.model.path_to_student
    return rows.filter(limit.condition(path)) if limit and path is not None else rows


def narrow_events(events: QuerySet[Any]) -> QuerySet[Any]:
    """The events about students whom the present limit admits, and about their photos and other rows."""
    if not _present.get():
        return events
    found = Q(pk__in=[])
    for model in _models_of_students():
        found |= Q(object_type=model._meta.label_lower, object_id__in=model.objects.values("pk"))  # type: ignore[attr-defined]
    return events.filter(found)


def _models_of_students() -> list[type[Model]]:
    return [model for model in apps.get_models() if getattr(model, "path_to_student", None) is not None]


@dataclass(frozen=True)
class Choices:
    """What a person of a school can be limited to: its colleges, and [(college, its classes)]."""

    colleges: Collection[str]
    classes: Collection[tuple[str, Collection[str]]]


_CHOICES: list[Callable[[Any], Choices]] = []


def registers_choices(function: Callable[[Any], Choices]) -> Callable[[Any], Choices]:
    """Register the function that reads the colleges and classes of a school's students."""
    _CHOICES.append(function)
    return function


def choices_of(school: Any) -> Choices:
    return _CHOICES[0](school) if _CHOICES else Choices((), ())
