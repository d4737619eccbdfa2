"""The panels of printing, and the panel with the school's next step."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_GET

from portal.access import center_page, school_page
from portal.pages.form_fields import whole_number
from printing import delivery
from printing.models import PrintRun, Shipment
from printing.next_step import by_when, find_next_step, first_day, obstacles
from proofing import proofs
from proofing.models import Feedback
from schools.models import Enrolment
from students import progress
from students.models import Student


@require_GET
@center_page(may="prints.see")
def printing(request: Any) -> HttpResponse:
    """The students from proofread to delivered, the runs to print and to ship, the parcels."""
    school_counts = progress.counts_by_school(request.season).values() if request.season else []
    stages = {
        stage: sum(counts.count(stage) for counts in school_counts)
        for stage in (Student.Stage.PROOFED, Student.Stage.PRINTED, Student.Stage.DELIVERED)
    }
    runs = delivery.with_parcels(PrintRun.objects.filter(season=request.season))
    context = {
        "parts": [
            (stage.label, number, tone)
            for (stage, number), tone in zip(stages.items(), ("look", "sky", "ok"), strict=True)
        ],
        "to_print": runs.filter(printed_at=None).count(),
        "to_ship": runs.filter(delivery.TO_SHIP).count(),
        "on_the_way": Shipment.objects.filter(season=request.season, status=Shipment.Status.SHIPPED).count(),
    }
    return render(request, "printing/panel_printing.html", context)


@require_GET
@school_page(may="prints.see")
def next_step(request: Any) -> HttpResponse:
    enrolment, today = request.enrolment, timezone.localdate()
    context: dict[str, Any] = {"step": None, "today": today}
    if enrolment:
        context |= {
            "step": find_next_step(enrolment),
            "by": by_when(enrolment, today),
            "obstacles": obstacles(enrolment),
            "points": first_day(enrolment),
        }
    return render(request, "printing/panel_next.html", context)


@require_GET
@center_page(may="prints.see")
def school(request: Any) -> HttpResponse:
    """One school's proofreading and printing for the center. `?school=` is the school's id."""
    enrolment = get_object_or_404(
        Enrolment.objects.select_related("school", "season"),
        school=whole_number(request.GET.get("school")) or 0,
        season=request.season,
    )
    context = {
        "enrolment": enrolment,
        "counts": proofs.count_students(enrolment),
        "feedback": Feedback.objects.filter(enrolment=enrolment).first(),
        "runs": delivery.with_parcels(PrintRun.objects.filter(enrolment=enrolment)).select_related("job"),
    }
    return render(request, "printing/panel_school.html", context)
