"""Adding and changing schools, and enrolling them in a season."""

from collections.abc import Iterable
from typing import Any

from django.apps import apps
from django.db import transaction
from django.utils.translation import gettext as _

from portal import history
from portal.changes.field_changes import change_fields
from portal.errors import PortalError
from portal.models import User
from portal.tenancy import TenantModel
from schools.models import Action, Enrolment, School, Season, WindowException
from schools.notices import publishing


def add_school(*, by: User, **fields: Any) -> School:
    with transaction.atomic():
        school = School.objects.create(**fields)
        history.record("school.added", school, by=by, facts={"code": school.code})
    return school


def change_school(school: School, *, by: User, **fields: Any) -> School:
    """Change a school. Raises PortalError to deactivate one that takes part in an open season."""
    if fields.get("is_active") is False and is_taking_part(school):
        raise PortalError(_("This school takes part in a season that is open. Close the season first."))
    return change_fields(school, by=by, **fields)


def is_taking_part(school: School) -> bool:
    return Enrolment.objects.filter(school=school, season__status=Season.Status.OPEN).exists()


def enrol(schools: Iterable[School], *, season: Season, by: User) -> list[Enrolment]:
    """Enrol active schools in a season and return the new rows. Enrolled schools are skipped."""
    season.require(Action.IMPORT)
    with transaction.atomic():
        enrolled = set(Enrolment.objects.filter(season=season).values_list("school_id", flat=True))
        new = [
            Enrolment(school=school, season=season)
            for school in schools
            if school.is_active and school.pk not in enrolled
        ]
        Enrolment.objects.bulk_create(new)
        history.record_many("enrolment.created", [(row, "") for row in new], by=by, after=Enrolment.Status.PREPARING)
        publishing.tell_new_schools(season, new)
    return new


def withdraw(enrolment: Enrolment, *, by: User) -> None:
    """Delete the enrolment. Raises PortalError once the school has begun or has any data."""
    with transaction.atomic():
        row = Enrolment.objects.select_for_update(of=("self",)).get(pk=enrolment.pk)
        if not row.allows(Action.WITHDRAW) or _has_rows(row):
            raise row.refusal(Action.WITHDRAW)
        history.record("enrolment.withdrawn", row, by=by, before=row.status)
        row.delete()


def _has_rows(enrolment: Enrolment) -> bool:
    """Whether any tenant table but the days has rows of this school and season."""
    tables: list[Any] = [
        model for model in apps.get_models() if issubclass(model, TenantModel) and hasattr(model, "season")
    ]
    return any(
        model.objects.filter(school=enrolment.school_id, season=enrolment.season_id).exists()
        for model in tables
        if model not in (Enrolment, WindowException)
    )
