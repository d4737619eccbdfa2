"""A device at a station: who signed it in, whom it finds, and the photo that it takes of a student.

The helper's own session ends as the device is signed in, so that a student at the device can open nothing of the
helper's. What a student decides there (agreeing, handing in) is recorded as the student's, with the station.
"""

import base64
import datetime as dt
import uuid
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import auth, messages
from django.dispatch import receiver
from django.http import HttpResponse, HttpResponseRedirect, JsonResponse
from django.middleware.csrf import rotate_token
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from capture.models import Consent, Photo, Station, StationSession
from capture.sign_in import consent
from capture.stations import slots
from capture.upload import intake, submission
from portal import history, permissions, student_limits
from portal.accounts import open_sessions
from portal.errors import NotAllowed, PortalError
from portal.models import Membership, User
from portal.security import rate_limits
from portal.tenancy import across_schools, school_scope
from schools.models import Enrolment, Season
from students.identity import id_encryption
from students.models import Student

SESSION_KEY = "station_session"  # in the browser's session: the id of its row
HOURS = 12
FOUND = 10  # students that a search shows at most
DIGITS = range(4, 7)  # how many last characters of a document number find its owner
GUESSES = "20/10m"  # searches for a document number that find nobody, of a helper at a station
LATE = dt.timedelta(hours=24)  # a photo that waited in the browser arrives this much later at most
View = Callable[..., HttpResponse]


def begin(request: Any, station: Station, *, helper: User) -> StationSession:
    """Sign the device in at a station and the helper out of it."""
    StationSession.objects.filter(station=station, begun_at__lt=timezone.now() - dt.timedelta(hours=HOURS)).delete()
    row = StationSession.objects.create(school=station.school, station=station, helper=helper)
    history.record("station.device_begun", station, by=helper, facts={"name": station.name})
    auth.logout(request)
    rotate_token(request)
    request.session[SESSION_KEY] = row.pk
    request.session.set_expiry(HOURS * 3600)
    return row


@receiver(auth.user_logged_in)
def forget_station(request: Any, **_signal: Any) -> None:
    """A person signs in on the device: it is the station's no longer."""
    request.session.pop(SESSION_KEY, None)


def end(request: Any, row: StationSession) -> None:
    history.record(
        "station.device_ended", row.station, by=row.helper or history.SYSTEM, facts={"name": row.station.name}
    )
    row.delete()
    request.session.flush()


@receiver(open_sessions.ended)
def end_devices(user: User, **_signal: Any) -> None:
    """Who ends all sessions, of a lost tablet for example, ends those of stations too."""
    member = Membership.objects.select_related("school").filter(user=user).first()
    if member and member.school:
        with school_scope(member.school):
            StationSession.objects.filter(helper=user).delete()


def key_of(row: StationSession) -> str:
    """The key of what the browser keeps of this helper's photos at this station: 32 bytes in base64.

    It is the same when the helper signs the device in again, so that photos outlive a session that ended.
    """
    value = f"{row.station_id}:{row.helper_id}"
    return base64.b64encode(salted_hmac("capture.station_key", value, algorithm="sha256").digest()).decode()


def _live(request: Any) -> tuple[StationSession, Membership] | None:
    """The device's session and its helper, unless it is over or the helper may not help any more."""
    pk = request.session.get(SESSION_KEY)
    if pk is None:
        return None
    with across_schools():  # the school is not known before the row is read
        since = timezone.now() - dt.timedelta(hours=HOURS)
        rows = StationSession.objects.select_related("station", "school__area", "helper")
        row = rows.filter(pk=pk, begun_at__gt=since, helper__is_active=True, school__is_active=True).first()
    if row is None:
        return None
    with school_scope(row.school):
        member = Membership.objects.select_related("user").filter(user=row.helper, school=row.school).first()
    return (row, member) if member and permissions.may(member, "stations.help") else None


def station_page(view: View) -> View:
    """A page of a device that is signed in at a station: in the school's scope, within the helper's limit.

    Sets `station_session`, `helper` (the membership), `school`, `season` and `enrolment` of the request.
    """

    @wraps(view)
    def wrapped(request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        found = _live(request)
        if found is None:
            return _to_sign_in(request)
        row, member = found
        request.station_session, request.school, request.helper = row, row.school, member
        with school_scope(row.school), student_limits.limited_to(member.limit):
            request.season = Season.objects.get(pk=row.station.season_id)
            of_school = Enrolment.objects.select_related("season", "school")
            request.enrolment = of_school.get(school=row.school, season=request.season)
            response = view(request, *args, **kwargs)
        response.headers.setdefault("Cache-Control", "private, no-store")
        return response

    wrapped.portal = "station"  # type: ignore[attr-defined]
    return wrapped


def _to_sign_in(request: Any) -> HttpResponse:
    sentence = _(
        "This device is not signed in at a station any more. A helper signs in, and chooses the station again."
    )
    url = reverse("account_login")
    if request.headers.get("Accept", "").startswith("application/json"):
        return JsonResponse({"error": sentence, "next": url}, status=401)
    messages.info(request, sentence)
    return HttpResponseRedirect(f"{url}?next={reverse('capture:today')}")


# --- whom a station meets ------------------------------------------------------------------------------------------


def of_class(season: Season, college: str, class_name: str) -> list[dict[str, Any]]:
    """The students of a class who are still to be photographed."""
    rows = Student.objects.filter(
        season=season, college=college, class_name=class_name, stage__in=slots.TO_PHOTOGRAPH, locked_at=None
    )
    return _shown(season, list(rows.order_by("student_no")))


def find(session: StationSession, asked: str, *, within: tuple[str, str] | None) -> list[dict[str, Any]]:
    """The students with this student number or document number or, `within` a class, these last characters of it.

    Raises RateLimited after too many guesses at document numbers, so that nobody at the device reads them out.
    """
    season, asked = session.station.season, id_encryption.normalise(asked)
    own = Student.objects.filter(season=season)
    rows = list(own.filter(student_no__iexact=asked)[:FOUND])
    if not rows:
        guesser = f"{session.station_id}:{session.helper_id}"
        rate_limits.refuse_too_many("station-document", guesser, GUESSES, counts=False)
        rows = list(own.filter(id_hash__in=id_encryption.digests(asked))[:FOUND])
        if not rows and within and len(asked) in DIGITS:
            members = own.filter(college=within[0], class_name=within[1]).order_by("student_no")
            rows = [row for row in members if row.printed_number.endswith(asked)][:FOUND]
        if not rows:
            rate_limits.refuse_too_many("station-document", guesser, GUESSES)
    return _shown(season, rows)


def _age(student: Student, *, is_asked: bool) -> dict[str, bool]:
    under_age = consent.is_under_age(student) if is_asked else False
    return {"needsGuardian": under_age is True, "asksAge": under_age is None}


def _shown(season: Season, rows: list[Student]) -> list[dict[str, Any]]:
    agreed = dict(
        Consent.objects.filter(student__in=rows, version=season.consent_version, ended_at=None).values_list(
            "student_id", "film"
        )
    )
    return [
        {
            "pk": row.pk,
            "name": row.name,
            "number": row.student_no,
            "class": row.class_name,
            "document": row.masked_id,
            "stage": str(row.get_stage_display()),
            "isOpen": row.stage in intake.OPEN_STAGES and not row.is_locked,
            "agreed": row.pk in agreed,
            "films": agreed.get(row.pk, False),
            **_age(row, is_asked=row.pk not in agreed),
        }
        for row in rows
    ]


# --- a photo ------------------------------------------------------------------------------------------------------


def take(
    *,
    session: StationSession,
    student: Student,
    enrolment: Enrolment,
    data: Any,
    film: Any = None,
    token: uuid.UUID,
    taken_at: dt.datetime,
    agreement: dict[str, Any] | None,
) -> Photo:
    """Accept a photo that the device took, perhaps a while ago, and what the student ticked before it.

    The time is the device's word, at most a day ago.
    """
    now = timezone.now()
    if taken_at < now - LATE:
        raise NotAllowed(_("This photo is more than a day old. Take it again."))
    if agreement is not None:
        consent.agree(student=student, season=enrolment.season, by=student, station=session.station.name, **agreement)
    if not consent.has_agreed(student, enrolment.season):
        raise PortalError(
            _("The student has not agreed yet: the ticks are set on the station's screen, by the student.")
        )
    return intake.accept_upload(
        student=student,
        enrolment=enrolment,
        data=data,
        film=film,
        token=token,
        origin=Photo.Origin.STATION,
        by=student,
        at=min(taken_at, now),
    )


def submit(*, session: StationSession, student: Student, enrolment: Enrolment) -> Photo:
    """Hand in the photo that was taken at a station, never one that waits in the student's own pages."""
    photo = submission.current_photo(student)
    if photo is None or photo.origin != Photo.Origin.STATION:
        raise NotAllowed(_("This photo was not taken at a station. Students submit it on their own page."))
    handed_in = submission.submit(student=student, enrolment=enrolment, by=student)
    assert session.helper
    facts = {"station": session.station.name}
    history.record("photo.handed_in_at_station", handed_in, by=session.helper, facts=facts)
    return handed_in
