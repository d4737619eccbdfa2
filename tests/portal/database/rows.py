"""A row of any model, of one school, with the least that the database asks for."""

import datetime as dt
import itertools
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone

from billing.models import DaySum, LedgerEntry, SchoolRefund, Settlement
from capture.models import Slot
from portal import history
from portal.models import Membership, Role
from schools.models import Enrolment, School, Season

_numbers = itertools.count(1)
# Where a constraint of the table asks for more than the field does.
VALUES: dict[type[models.Model], dict[str, Any]] = {
    Membership: {"roles": [Role.SCHOOL_OFFICER]},
    SchoolRefund: {"status": SchoolRefund.Status.PAID},
    Slot: {"ends_at": dt.time(9)},
    Settlement: {"students": 2, "price_fen": 1500, "amount_fen": 3000},
}
NEEDED = {SchoolRefund._meta.get_field("entry")}  # a paid refund has its entry


class Rows:
    """Makes rows of `school`; those that they refer to are made once."""

    def __init__(self, school: School, season: Season) -> None:
        enrolment = Enrolment.objects.get(school=school, season=season)
        self.made: dict[type[models.Model], models.Model] = {School: school, Season: season, Enrolment: enrolment}

    def of(self, model: type[models.Model]) -> Any:
        if model is DaySum:  # the database makes it with an entry
            self.of(LedgerEntry)
            return DaySum.objects.get(school=self.made[School])
        if model not in self.made:
            self.made[model] = self.unsaved(model)
            models.Model.save(self.made[model])
            if model is LedgerEntry:  # the database takes none without an event
                history.record("ledger.charge", self.made[model], by=history.SYSTEM)
        return self.made[model]

    def unsaved(self, model: type[models.Model]) -> Any:
        values = {f.attname: self._value(f) for f in model._meta.concrete_fields if not f.primary_key}
        return model(**values | VALUES.get(model, {}))

    def _value(self, field: models.Field) -> Any:
        if isinstance(field, models.ForeignKey):
            is_needed = not field.null or field.name == "school" or field in NEEDED
            return self.of(field.related_model).pk if is_needed else None
        if field.has_default():
            return field.get_default()
        if field.null:
            return None
        return _least(field)


def _least(field: models.Field) -> Any:
    if field.choices:
        return field.choices[0][0]
    if isinstance(field, models.DateTimeField):
        return timezone.now()
    if isinstance(field, models.DateField):
        return dt.date(2026, 1, 1)
    if isinstance(field, models.TimeField):
        return dt.time(8)
    if isinstance(field, models.BooleanField):
        return False
    if isinstance(field, models.GenericIPAddressField):
        return "127.0.0.1"
    if isinstance(field, models.DecimalField):
        return 1
    if isinstance(field, models.IntegerField | models.FloatField):
        return next(_numbers)
    if isinstance(field, models.BinaryField):
        return b"1"
    if isinstance(field, ArrayField):
        return []
    return str(next(_numbers))
