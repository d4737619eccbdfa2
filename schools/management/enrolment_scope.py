"""For management commands: a school's code, turned into its enrolment of the current season."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management.base import CommandError
from django.utils.translation import gettext as _

from portal import history
from portal.errors import PortalError
from portal.tenancy import school_scope
from schools.models import Enrolment, School, Season


@contextmanager
def enrolment_scope(code: str) -> Iterator[Enrolment]:
    """Yield the enrolment in the school's scope. PortalError and OSError become CommandError."""
    school, season = School.objects.filter(code=code).first(), Season.objects.current()
    if school is None:
        raise CommandError(_("There is no school with the code %(code)s.") % {"code": code})
    if season is None:
        raise CommandError(_("There is no season yet."))
    with history.source("command"), school_scope(school):
        enrolment = Enrolment.objects.select_related("school", "season").filter(school=school, season=season).first()
        if enrolment is None:
            raise CommandError(_("%(school)s does not take part in this season.") % {"school": school})
        try:
            yield enrolment
        except PortalError as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(_("The file cannot be written: %(reason)s") % {"reason": error.strerror}) from error
