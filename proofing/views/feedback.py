"""The pages of the feedback form: the school fills it in and sends it, the center decides."""

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from portal import files, history, permissions
from portal.access import center_page, school_page
from portal.changes import states
from portal.errors import Conflict, PortalError
from portal.history.event_text import describe_events
from portal.models import User
from portal.pages.form_fields import checked
from portal.pages.lists import List, choice, search
from proofing import feedback, proofs, scanned_paper
from proofing.forms import FeedbackForm, ReasonForm, StampedForm
from proofing.models import Feedback
from schools.days import deadlines
from schools.models import Action, Enrolment


class FeedbackList(List):
    filters = {
        "q": search("school__name__icontains", "school__code__startswith"),
        "status": choice("status", Feedback.Status.choices, label=gettext_lazy("State")),
    }
    sorts = {"": ("-sent_at", "-id")}


def _of(enrolment: Enrolment) -> Feedback | None:
    return Feedback.objects.filter(enrolment=enrolment).first()


@require_http_methods(["GET", "POST"])
@school_page(may="feedback.see", to_post="feedback.send")
def school_feedback(request: Any) -> HttpResponse:
    """What is left to proofread, the form's answers, and the state of the form.

    POST fills it in.
    """
    enrolment: Enrolment | None = request.enrolment
    if enrolment is None:
        return render(request, "proofing/feedback.html", {"enrolment": None})
    made = _of(enrolment)
    initial = {"handler_name": request.user.actor_name, "handler_phone": request.user.phone}
    form = FeedbackForm(request.POST or None, instance=made, initial=None if made else initial)
    if request.method == "POST" and form.is_valid():
        feedback.make(enrolment, by=request.user, **form.cleaned_data)
        messages.success(request, _("The form is ready. Print it, have it stamped, and send it here."))
        return HttpResponseRedirect(reverse("proofing:feedback"))
    return _page(request, made, form=form, stamped_form=StampedForm())


def _page(
    request: Any, made: Feedback | None, *, form: FeedbackForm, stamped_form: StampedForm, status: int = 200
) -> HttpResponse:
    enrolment = request.enrolment
    context = {
        "enrolment": enrolment,
        "feedback": made,
        "counts": proofs.count_students(enrolment),
        "form": form,
        "stamped_form": stamped_form,
        "can_make": enrolment.allows(Action.FEEDBACK),
        "workdays_left": _workdays_left(enrolment),
        "corrected": feedback.corrected_since(made),
    }
    return render(request, "proofing/feedback.html", context, status=status)


def _workdays_left(enrolment: Enrolment) -> int | None:
    due = enrolment.proof_due_on
    return deadlines.workdays_left(due, timezone.localdate()) if due else None


@require_GET
@school_page(may="feedback.see")
def form_pdf(request: Any) -> HttpResponse:
    if request.enrolment is None:
        raise Http404
    made = _of(request.enrolment)
    content = feedback.form_pdf(request.enrolment, made)
    name = f"{request.season.graduating_class}届毕业生电子图像校对反馈表.pdf"
    if made:
        history.record("feedback.form_downloaded", made, by=request.user)
    return files.attachment(content, filename=name, content_type=feedback.PDF)


@require_POST
@school_page(may="feedback.send")
def send(request: Any) -> HttpResponse:
    made = get_object_or_404(Feedback, enrolment=request.enrolment)
    stamped_form = StampedForm({}, request.FILES)
    if stamped_form.is_valid():
        try:
            _send(made, stamped_form.cleaned_data["stamped"], by=request.user)
        except Conflict:
            raise
        except PortalError as error:
            stamped_form.add_error("stamped", str(error))
        else:
            messages.success(request, _("The form is with the center. You are told here when it has been looked at."))
            return HttpResponseRedirect(reverse("proofing:feedback"))
    return _page(request, made, form=FeedbackForm(instance=made), stamped_form=stamped_form, status=422)


def _send(made: Feedback, upload: Any, *, by: User) -> None:
    scanned_paper.check_size(upload.size, purpose="feedback")
    feedback.send(made, data=upload.read(), by=by)


@require_GET
@school_page(may="feedback.see")
def stamped(request: Any) -> HttpResponse:
    return _stamped(request, get_object_or_404(Feedback, enrolment=request.enrolment))


def _stamped(request: Any, row: Feedback) -> HttpResponse:
    """The stamped form, shown inline; as a download with `?download`."""
    response = files.send(
        row.stamped,
        filename=f"{row.season.year}-{row.school.code}.jpg",
        content_type=row.stamped_type,
        download="download" in request.GET,
    )
    history.record("feedback.viewed", row, by=request.user)
    return response


def _all(request: Any) -> QuerySet[Feedback]:
    return Feedback.objects.filter(season=request.season).select_related("school__area", "enrolment", "season")


@require_GET
@center_page(may="feedback.see")
def inbox(request: Any) -> HttpResponse:
    """The forms of all schools, the newest sent first, and the schools that are late."""
    listed = FeedbackList(_all(request), request.GET)
    context = {
        "listed": listed,
        "page": listed.page,
        "overdue": list(deadlines.late_forms(request.season, timezone.localdate())[:20]),
    }
    return render(request, "proofing/center_feedback.html", context)


@require_GET
@center_page(may="feedback.see")
def detail(request: Any, pk: int) -> HttpResponse:
    row = get_object_or_404(_all(request), pk=pk)
    context = {
        "feedback": row,
        "counts": proofs.count_students(row.enrolment),
        "may_decide": permissions.may(request.membership, "feedback.decide")
        and states.may(row, Feedback.Status.SENT_BACK)
        and row.enrolment.allows(Action.DECIDE_FEEDBACK),
        "reason_form": ReasonForm(),
        "unprintable": proofs.unprintable_names(row.enrolment),
        "events": describe_events(history.of(row).exclude(kind="feedback.viewed")[:20]),
        "is_late": deadlines.was_late(row.enrolment, row.sent_at),
        "corrected": feedback.corrected_since(row),
    }
    return render(request, "proofing/center_feedback_detail.html", context)


@require_GET
@center_page(may="feedback.see")
def center_stamped(request: Any, pk: int) -> HttpResponse:
    return _stamped(request, get_object_or_404(_all(request), pk=pk))


@require_POST
@center_page(may="feedback.decide")
def accept(request: Any, pk: int) -> HttpResponse:
    row = feedback.accept(get_object_or_404(_all(request), pk=pk), by=request.user)
    messages.success(request, _("Accepted. The sheets of %(school)s can be printed.") % {"school": row.school})
    return HttpResponseRedirect(reverse("proofing:center_feedback"))


@require_POST
@center_page(may="feedback.decide")
def send_back(request: Any, pk: int) -> HttpResponse:
    row = get_object_or_404(_all(request), pk=pk)
    feedback.send_back(row, **checked(ReasonForm(request.POST)), by=request.user)
    messages.success(request, _("Sent back. %(school)s has been told why.") % {"school": row.school})
    return HttpResponseRedirect(reverse("proofing:center_feedback"))
