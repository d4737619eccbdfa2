"""Changing the state of a row, by `change` or `change_many`.

The only other way is a claim (`portal.models.claims`).

A model declares `STATE_FIELD` (default "status") and `TRANSITIONS`: {from: {to, ...}}. `change`
does a conditional UPDATE on the states from which the target may be reached, raises `Conflict` when
it changes no row, and appends the `Event` in the same transaction.
"""

from typing import Any

from django.db import models, transaction

from portal import history
from portal.errors import Conflict


def field_of(model: type[models.Model]) -> str:
    return getattr(model, "STATE_FIELD", "status")


def sources(model: type[models.Model], to: str) -> list[str]:
    """The states from which `to` may be reached."""
    return [state for state, targets in model.TRANSITIONS.items() if to in targets]  # type: ignore[attr-defined]


def may(row: models.Model, to: str) -> bool:
    return to in row.TRANSITIONS.get(getattr(row, field_of(type(row))), ())  # type: ignore[attr-defined]


def change(
    row: Any,
    to: str,
    *,
    by: history.Actor,
    facts: dict[str, Any] | None = None,
    kind: str = "",
    only_from: list[str] | None = None,
    **fields: Any,
) -> Any:
    """Change the state of `row` to `to` and set `fields`; return the row.

    Raises Conflict if the state does not allow it.
    """
    model = type(row)
    name = field_of(model)
    before = getattr(row, name)
    allowed = [state for state in sources(model, to) if only_from is None or state in only_from]
    with transaction.atomic():
        changed = model.objects.filter(pk=row.pk, **{f"{name}__in": allowed}).update(**{name: to}, **fields)
        if not changed:
            raise Conflict
        for key, value in {name: to, **fields}.items():
            setattr(row, key, value)
        history.record(kind or f"{model._meta.model_name}.{to}", row, by=by, before=before, after=to, facts=facts)
    return row


def change_many(
    rows: models.QuerySet,
    to: str,
    *,
    by: history.Actor,
    facts: dict[str, Any] | None = None,
    kind: str = "",
    **fields: Any,
) -> list[int]:
    """Change the state of those `rows` whose state allows it; return their ids.

    One UPDATE, and one INSERT of events for thousands. Of the rows only what their events say is read: they may be many.
    """
    model = rows.model
    name = field_of(model)
    said = [name, *(field.name for field in model._meta.concrete_fields if field.name in ("school", "season"))]
    with transaction.atomic():
        eligible = list(
            rows.filter(**{f"{name}__in": sources(model, to)})
            .select_related(None)
            .only(*said)
            .select_for_update(of=("self",), no_key=True)
            .order_by("pk")
        )
        ids = [row.pk for row in eligible]
        model.objects.filter(pk__in=ids).update(**{name: to}, **fields)
        history.record_many(
            kind or f"{model._meta.model_name}.{to}",
            [(row, getattr(row, name)) for row in eligible],
            by=by,
            after=to,
            facts=facts,
        )
    return ids
