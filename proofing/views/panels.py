"""The center's panel on feedback forms."""

from typing import Any

from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from portal.access import center_page
from proofing.models import Feedback
from schools.days import deadlines
from schools.models import Enrolment


@require_GET
@center_page(may="feedback.see")
def feedback(request: Any) -> HttpResponse:
    """The number of schools in each state, the forms to decide, and the schools that are late."""
    by_status = dict(
        Enrolment.objects.filter(season=request.season).values_list("status").annotate(n=Count("pk")).order_by()
    )
    waiting = Feedback.objects.filter(season=request.season, status=Feedback.Status.SENT)
    context = {
        "schools": sum(by_status.values()),
        "proofreading": by_status.get(Enrolment.Status.PROOFREADING, 0),
        "sent": by_status.get(Enrolment.Status.FEEDBACK_SENT, 0),
        "accepted": sum(by_status.get(status, 0) for status in Enrolment.FINISHED),
        "waiting": waiting.select_related("school").order_by("sent_at")[:5],
        "late": deadlines.late_forms(request.season, timezone.localdate())[:5],
    }
    return render(request, "proofing/panel_feedback.html", context)
