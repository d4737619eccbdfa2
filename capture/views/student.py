"""The student's pages, phone first: sign-in, details and consent, rules, camera, verdict, receipt,
messages."""

import json
import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from capture.forms import AppealForm, ConfirmForm
from capture.judging import explanations, limits
from capture.models import Photo, Station
from capture.review import appeals, decisions
from capture.sign_in import consent, credentials, offers, photographing, wechat_binding
from capture.sign_in.providers import all_providers
from capture.sign_in.providers.base import Provider
from capture.stations import slots
from capture.upload import intake, submission, waiting
from capture.views import errands
from capture.views.rule_cards import RULE_CARDS
from portal.errors import PortalError
from portal.notifications import linking
from portal.notifications.channels import inbox, wechat
from portal.pages import qr_codes
from portal.pages.form_fields import checked, whole_number
from portal.security import headers
from portal.tenancy import school_scope
from schools.days import opening_hours
from schools.models import Action, Enrolment
from students.identity.student_access import Recognition, end_session, session_of, start_session, student_page
from students.models import Student
from students.without_list import appearances

AFTER_WECHAT = "after_wechat"  # of the session: the page that follows when WeChat has said who it is
# Kinds of notifications whose content the student's home page shows already.
SHOWN_ON_HOME = {"photo_approved", "photo_returned", "account_locked", "appearance.refused"}
STEP_OF = {
    Student.Stage.WAITING: 3,
    Student.Stage.RETAKE: 3,
    Student.Stage.CHECKING: 4,
    Student.Stage.READY: 4,
}


@never_cache
def sign_in(request: Any) -> HttpResponse:
    """Sign in by one of the ways that the season offers: `?by=` names it, else it is the first.

    `?next=camera` leads back to the camera, where a photo that was kept can be sent. Who is signed in by less than the
    season asks for there is offered what is enough.
    """
    after = _after(request)
    weak = session_of(request)
    if weak and (after == "capture:me" or photographing.is_enough(weak.strength, weak.student.season)):
        return redirect(after)
    if weak:
        with school_scope(weak.student.school):
            ways = photographing.ways(
                Enrolment.objects.select_related("season").get(school=weak.student.school, season=weak.student.season)
            )
        if not ways:
            return redirect("capture:me")
    else:
        ways = offers.of_season(request.season) if request.season else []
    way = _chosen(request, ways)
    visit = errands.visit_of(request)
    challenge = way.start(visit)
    form = challenge.form(request.POST or None, request.FILES or None)
    context = {"ways": ways, "way": way, "challenge": challenge, "form": form, "asks_for_more": bool(weak)}
    context |= linking.offer(request)
    context["has_newcomers"] = way.names_newcomers and offers.has_newcomers(request.season)
    if request.method == "POST" and form.is_valid():
        try:
            _season(request)
            year = whole_number(request.POST.get("year", ""))
            recognised = credentials.sign_in(provider=way, visit=visit, values=form.cleaned_data, year=year)
        except PortalError as error:
            form.add_error(None, str(error))
            context["years"] = getattr(error, "years", [])
            response = render(request, "capture/signin.html", context, status=error.status)
            for name, value in error.headers.items():
                response[name] = value
            return response
        if isinstance(recognised, credentials.Away):
            errands.begin(request, recognised, visit=visit, after=after)
            return redirect("capture:errand")
        start_session(request, recognised)
        return redirect(after)
    response = render(request, "capture/signin.html", context, status=400 if form.errors else 200)
    if challenge.uses_camera:
        response["Permissions-Policy"] = headers.WITH_CAMERA
    return response


@never_cache
@require_GET
def wechat_begin(request: Any) -> HttpResponse:
    """To WeChat, which says who it is. `?next=` as for `sign_in`."""
    request.session[AFTER_WECHAT] = _after(request)
    return linking.begin(request, reverse("capture:wechat_signed_in"))


@never_cache
@require_GET
def wechat_signed_in(request: Any) -> HttpResponse:
    """Back from WeChat: who has linked it is signed in."""
    provider = all_providers()[wechat_binding.WAY]
    after = request.session.pop(AFTER_WECHAT, "capture:me")
    try:
        _season(request)
        values = {"code": linking.code_of(request), "channel": wechat.CHANNEL.name}
        recognised = credentials.sign_in(provider=provider, visit=errands.visit_of(request), values=values)
    except PortalError as error:
        messages.warning(request, str(error))
        return redirect(reverse("capture:signin") + ("?next=camera" if after == "capture:camera" else ""))
    assert isinstance(recognised, Recognition)
    start_session(request, recognised)
    return redirect(after)


def _after(request: Any) -> str:
    """The page that follows the sign-in."""
    return "capture:camera" if request.GET.get("next") == "camera" else "capture:me"


def _chosen(request: Any, ways: list[Provider]) -> Provider:
    """The way that the address names, else the first. Before a season is open: that which needs nothing else."""
    by_name = {way.name: way for way in ways or all_providers().values()}
    return by_name.get(request.GET.get("by", ""), next(iter(by_name.values())))


def _season(request: Any) -> Any:
    if request.season is None:
        raise PortalError(_("No season has been opened yet. Please come back when your school tells you."))
    return request.season


@require_POST
def sign_out(request: Any) -> HttpResponse:
    """`everywhere`: in all browsers. The tokens of the mini program end in any case."""
    end_session(request, everywhere="everywhere" in request.POST)
    messages.success(request, _("You are signed out."))
    return redirect("capture:signin")


@student_page
def home(request: Any) -> HttpResponse:
    """The home page: the present state and the next step."""
    student = request.student
    appearance = appearances.of(student)
    if appearance and appearance.status == appearance.Status.REFUSED:
        return render(request, "capture/not_confirmed.html", {"appearance": appearance})
    agreed = consent.has_agreed(student, request.season)
    if not agreed and student.stage == Student.Stage.WAITING and not student.is_locked:
        return redirect("capture:confirm")
    now = timezone.now()
    plan = _schedule(request, now)
    waits_for_school = appearances.holds_back(appearance, request.season)
    context = {
        "step": STEP_OF.get(student.stage, 5),
        "photo": submission.current_photo(student),
        "plan": plan,
        "is_open": plan.is_open(now) and not waits_for_school,
        "waits_for_school": waits_for_school,
        "unconfirmed": appearance is not None and appearance.status == appearance.Status.WAITING,
        "when_sentence": plan.describe(now),
        "days_sentence": plan.describe_days(now),
        "slot": slots.next_of(student, now) if student.stage in intake.OPEN_STAGES else None,
        "lock_event": decisions.locked_by(student),
        "unlockers": decisions.unlockers(student.school) if student.is_locked else [],
        "proof_url": _proof_url(student, request.enrolment),
        "is_handed_in": student.stage not in intake.OPEN_STAGES,
        "unread": inbox.entries(
            row for row in inbox.notifications_of(student)[:3] if row.read_at is None and row.kind not in SHOWN_ON_HOME
        ),
        "agreed": agreed,
        "way": all_providers().get(request.student_session.recognised_by),
        "asked_for": _asked_for(request),
        "station_code": qr_codes.svg(student.student_no) if student.stage in intake.OPEN_STAGES else "",
        **_school_information(request),
    }
    return render(request, "capture/me.html", context)


def _schedule(request: Any, now: Any) -> opening_hours.Schedule:
    return intake.schedule_of(request.student, request.enrolment, at=now)


def _asked_for(request: Any) -> photographing.StrongerWayNeeded | None:
    """What a student who is to be photographed is asked for before the camera opens."""
    if request.student.stage not in intake.OPEN_STAGES:
        return None
    try:
        photographing.require(request.student_session.strength, request.enrolment)
    except photographing.StrongerWayNeeded as error:
        return error
    return None


def _proof_url(student: Student, enrolment: Enrolment) -> str:
    """The address of the proof page; empty when the student is not invited to proofread (yet)."""
    is_invited = student.stage == Student.Stage.APPROVED and enrolment.allows(Action.INVITE)
    return reverse("proofing:proof") if is_invited else ""


def _school_information(request: Any) -> dict[str, Any]:
    return {
        "stations": Station.objects.filter(season=request.season),
        "notice": request.enrolment.student_notice,
    }


@student_page
def confirm(request: Any) -> HttpResponse:
    """Step 1: confirm the details and agree to the use of the portrait."""
    form = ConfirmForm(
        request.POST or None,
        initial={"version": request.season.consent_version},
        under_age=consent.is_under_age(request.student),
    )
    if request.method == "POST" and form.is_valid():
        chosen = {name: value for name, value in form.cleaned_data.items() if name not in ("is_me", "agrees")}
        consent.agree(student=request.student, season=request.season, by=request.student, **chosen)
        return redirect("capture:rules")
    agreed = consent.has_agreed(request.student, request.season)
    context = {"step": 1, "form": form, "agreed": agreed}
    return render(request, "capture/confirm.html", context, status=400 if form.errors else 200)


@student_page
def rules(request: Any) -> HttpResponse:
    """Step 2: the photo rules, the stations of the school and its notice."""
    now = timezone.now()
    plan = _schedule(request, now)
    context = {
        "step": 2,
        "rules": RULE_CARDS,
        "is_open": plan.is_open(now)
        and request.student.stage in intake.OPEN_STAGES
        and not appearances.holds_back(appearances.of(request.student), request.season),
        "when_sentence": plan.describe(now),
        **_school_information(request),
    }
    return render(request, "capture/rules.html", context)


@student_page
def camera(request: Any) -> HttpResponse:
    """Step 3: the camera. The form's token makes one photo of a form that is sent twice."""
    now = timezone.now()
    try:
        intake.require_can_capture(
            request.student, request.enrolment, at=now, strength=request.student_session.strength
        )
    except photographing.StrongerWayNeeded as error:
        if error.ways:
            return redirect(f"{reverse('capture:signin')}?next=camera")
        messages.info(request, str(error))
        return redirect("capture:me")
    except PortalError as error:
        if _schedule(request, now).is_open(now):  # otherwise the home page says when the camera opens
            messages.info(request, str(error))
        return redirect("capture:me")
    context = {
        "step": 3,
        "upload_url": reverse("capture:upload"),
        "form_token": uuid.uuid4(),
        "allow_file": request.enrolment.allow_file,
        "student": request.student,
        "season": request.season,
        "limits": json.dumps(limits.of_the_head(limits.in_force(request.season))),
        "films": consent.allows_film(request.student),
    }
    response = render(request, "capture/camera.html", context)
    response["Permissions-Policy"] = headers.WITH_CAMERA
    return response


@student_page
def camera_session(request: Any) -> JsonResponse:
    """Who is signed in now (`key`), and a fresh CSRF token, for a camera page that has been open for long."""
    return JsonResponse({"key": request.device_key, "csrf": get_token(request)})


@require_POST
@student_page
def upload(request: Any) -> HttpResponse:
    """Accept a photo.

    Answers JSON {"next": url} or {"error": sentence}, or a redirect for a form without JavaScript.
    """
    as_page = "text/html" in request.headers.get("Accept", "")
    try:
        intake.accept_upload(
            student=request.student,
            enrolment=request.enrolment,
            data=_file(request),
            film=request.FILES.get("frames"),
            token=_token(request.POST.get("token", "")),
            origin=Photo.Origin.FILE if request.POST.get("origin") == "file" else Photo.Origin.CAMERA,
            by=request.student,
            strength=request.student_session.strength,
        )
    except PortalError as error:
        if as_page:
            raise
        return JsonResponse({"error": str(error)}, status=error.status, headers=error.headers)
    url = reverse("capture:check")
    return HttpResponseRedirect(url) if as_page else JsonResponse({"next": url})


def _file(request: Any) -> Any:
    file = request.FILES.get("photo")
    if file is None:
        raise PortalError(_("No photo has arrived. Please choose it again."))
    return file


def _token(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError as error:
        raise PortalError(_("This form is not complete. Reload the page and take the photo again.")) from error


@student_page
def check(request: Any) -> HttpResponse:
    """Step 4: the verdict, which the page loads when it is there; then the student retakes or
    submits."""
    photo = submission.current_photo(request.student)
    if photo is None or photo.status not in SHOWN_AT_CHECK:
        return _to_home(request)
    if request.htmx and photo.status == Photo.Status.CHECKING and "long" not in request.GET and not _waits_long(photo):
        return HttpResponse(status=204)  # nothing new
    can_appeal = appeals.is_allowed(photo) and request.enrolment.allows(Action.SUBMIT)
    return _verdict(request, photo, AppealForm() if can_appeal else None)


def _waits_long(photo: Photo) -> bool:
    return (timezone.now() - (photo.appealed_at or photo.taken_at)).total_seconds() > LONG_SECONDS


def _verdict(request: Any, photo: Photo, appeal_form: AppealForm | None) -> HttpResponse:
    """The page of the verdict. `appeal_form`: None where no person can be asked."""
    found = explanations.explain_to_student(photo)
    rejects = [item for item in found if item.is_reject]
    wait = waiting.of_photo(photo) if photo.status == Photo.Status.CHECKING else None
    context = {
        "step": 4,
        "photo": photo,
        "wait": wait,
        "reasons": rejects[: explanations.REASONS_SHOWN],
        "remarks": [item for item in found if not item.is_reject],
        "marks": explanations.marks((rejects or found)[: explanations.REASONS_SHOWN], is_numbered=True),
        "waits_long": wait and (wait.is_long or _waits_long(photo)),
        "is_open": _schedule(request, timezone.now()).is_open(timezone.now()),
        "fee_due": request.student.must_pay(request.enrolment),
        "appeal_form": appeal_form,
    }
    template = "capture/check.html#verdict" if request.htmx else "capture/check.html"
    response = render(request, template, context, status=400 if appeal_form and appeal_form.errors else 200)
    response["Vary"] = "HX-Request, Cookie"
    return response


LONG_SECONDS = 20
SHOWN_AT_CHECK = (Photo.Status.CHECKING, Photo.Status.READY, Photo.Status.REJECTED, Photo.Status.FAILED)


def _to_home(request: Any) -> HttpResponse:
    if request.htmx:
        response = HttpResponse(status=204)
        response["HX-Redirect"] = reverse("capture:me")
        return response
    return redirect("capture:me")


@require_POST
@student_page
def submit(request: Any) -> HttpResponse:
    """Submit the photo; if the student has to pay first, go to the fee page."""
    try:
        submission.submit(student=request.student, enrolment=request.enrolment, by=request.student)
    except submission.FeeDue as error:
        messages.info(request, str(error))
        return redirect("billing:pay")
    messages.success(request, _("Your photo has been submitted."))
    return redirect("capture:me")


@require_POST
@student_page
def appeal(request: Any) -> HttpResponse:
    """Ask for a person's look at the rejected photo; if the student has to pay first, go to the fee
    page."""
    photo, form = submission.current_photo(request.student), AppealForm(request.POST)
    if not form.is_valid() and photo and appeals.is_allowed(photo):
        return _verdict(request, photo, form)
    values = checked(form)
    try:
        appeals.appeal(student=request.student, enrolment=request.enrolment, by=request.student, **values)
    except submission.FeeDue as error:
        messages.info(request, str(error))
        return redirect("billing:pay")
    return redirect("capture:check")


@require_POST
@student_page
def withdraw(request: Any) -> HttpResponse:
    submission.withdraw(student=request.student, by=request.student)
    return redirect("capture:camera")


@student_page
def message_list(request: Any) -> HttpResponse:
    rows = inbox.entries(inbox.notifications_of(request.student)[:100])
    inbox.mark_read(request.student)
    return render(request, "capture/messages.html", {"rows": rows})
