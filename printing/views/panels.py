"""The figures of printing on the overviews, and the school's next step."""

from typing import Any

from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_GET

from printing import examples, nextstep, proofing
from printing.models import Feedback, PrintRun, Shipment
from schools.access import center_page, school_page
from schools.models import Enrolment
from students import progress
from students.models import Student


@require_GET
@center_page
def feedback(request: Any) -> HttpResponse:
    """Forms by state, and the schools that are late."""
    by_status = dict(
        Enrolment.objects.filter(season=request.season).values_list("status").annotate(n=Count("pk")).order_by()
    )
    late = Enrolment.objects.filter(
        season=request.season, status=Enrolment.Status.PROOFREADING, proof_due_on__lt=timezone.localdate()
    )
    waiting = Feedback.objects.filter(season=request.season, status=Feedback.Status.SENT)
    done = (
        Enrolment.Status.FEEDBACK_ACCEPTED,
        Enrolment.Status.PRINTING,
        Enrolment.Status.SHIPPED,
        Enrolment.Status.RECEIVED,
    )
    context = {
        "schools": sum(by_status.values()),
        "proofreading": by_status.get(Enrolment.Status.PROOFREADING, 0),
        "sent": by_status.get(Enrolment.Status.FEEDBACK_SENT, 0),
        "accepted": sum(by_status.get(status, 0) for status in done),
        "waiting": waiting.select_related("school").order_by("sent_at")[:5],
        "late": late.select_related("school").order_by("proof_due_on")[:5],
    }
    return render(request, "printing/panel_feedback.html", context)


@require_GET
@center_page
def printing(request: Any) -> HttpResponse:
    """Students from proofread to delivered, and what runs or waits."""
    tallies = progress.by_school(request.season).values() if request.season else []
    stages = {
        stage: sum(tally.count(stage) for tally in tallies)
        for stage in (Student.Stage.PROOFED, Student.Stage.PRINTED, Student.Stage.DELIVERED)
    }
    runs = PrintRun.objects.filter(season=request.season)
    context = {
        "parts": [
            (stage.label, number, tone)
            for (stage, number), tone in zip(stages.items(), ("look", "sky", "ok"), strict=True)
        ],
        "to_print": runs.filter(printed_at=None).count(),
        "to_ship": runs.filter(printed_at__isnull=False, shipment=None).count(),
        "on_the_way": Shipment.objects.filter(season=request.season, status=Shipment.Status.SHIPPED).count(),
    }
    return render(request, "printing/panel_printing.html", context)


@require_GET
@school_page
def next_step(request: Any) -> HttpResponse:
    step = nextstep.of(request.enrolment) if request.enrolment else None
    return render(request, "printing/panel_next.html", {"step": step})


@require_GET
@school_page
def excellent(request: Any) -> HttpResponse:
    """The excellent units of the newest bulletin, under the notice."""
    season, found = examples.newest()
    return render(request, "printing/panel_examples.html", {"year": season, "examples": found})


@require_GET
@center_page
def school(request: Any) -> HttpResponse:
    """One school's proofreading and printing, for the center; ?school= its id."""
    number = request.GET.get("school", "")
    enrolment = get_object_or_404(
        Enrolment.objects.select_related("school", "season"),
        school=number if number.isdecimal() else 0,
        season=request.season,
    )
    context = {
        "enrolment": enrolment,
        "standing": proofing.standing(enrolment),
        "feedback": Feedback.objects.filter(enrolment=enrolment).first(),
        "runs": PrintRun.objects.filter(enrolment=enrolment).select_related("shipment", "job"),
    }
    return render(request, "printing/panel_school.html", context)
