"""Settlements and payment advices: the school's pages, and the center's."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from billing.accounts import advice, fee_accounts, settlement_lists, settlements
from billing.forms import AnswerForm, ChosenAnswerForm, ContestForm
from billing.models import Settlement, SettlementLine
from portal import files, history
from portal.access import center_page, school_page
from portal.history.event_text import describe_events
from portal.models import Job, Look
from portal.pages.form_fields import checked
from portal.pages.lists import List, choice, search
from portal.privacy import looks
from portal.untrusted import workbooks
from schools.models import Enrolment

ANSWERS = {"stand_by": settlements.stand_by, "correct": settlements.correct, "withdraw": settlements.withdraw}
MOST_TRANSFERS = 50  # shown below a settlement


class LineList(List):
    """The students of one settlement."""

    filters = {"q": search("name__startswith", "student_no__startswith")}
    page_size = 50


class SettlementList(List):
    filters = {
        "q": search("school__name__icontains", "school__code__startswith"),
        "status": choice("status", Settlement.Status.choices, label=gettext_lazy("State")),
    }
    page_size = 30


@require_GET
@school_page(may="fees.see")
def school_advice(request: Any) -> HttpResponse:
    return _advice(get_object_or_404(_enrolments(), season=request.season))


@require_GET
@center_page(may="fees.see")
def center_advice(request: Any, pk: int) -> HttpResponse:
    return _advice(get_object_or_404(_enrolments(), pk=pk))


def _enrolments() -> Any:
    return Enrolment.objects.select_related("school", "season")


def _advice(enrolment: Enrolment) -> HttpResponse:
    name = f"{_('Payment advice')}-{enrolment.season}-{enrolment.school.code}.pdf"
    return files.attachment(advice.of(enrolment), filename=name, content_type="application/pdf")


def _own(request: Any, pk: int) -> Settlement:
    rows = Settlement.objects.select_related("account__enrolment__season", "school")
    return get_object_or_404(rows, pk=pk, account__season=request.season)


@require_GET
@school_page(may="fees.see")
def settlement(request: Any, pk: int) -> HttpResponse:
    """One settlement with its students, for the school that signs it off."""
    return _page(request, _own(request, pk))


@require_GET
@center_page(may="fees.see")
def center_settlement(request: Any, pk: int) -> HttpResponse:
    return _page(request, _own(request, pk))


def _page(request: Any, row: Settlement) -> HttpResponse:
    listed = LineList(SettlementLine.objects.filter(settlement=row), request.GET)
    looks.record(request, Look.Kind.LIST, [line.student_id for line in listed.page])
    context = {
        "settlement": row,
        "taken_off": SettlementLine.objects.filter(settlement=row, is_taken_off=True).count(),
        "listed": listed,
        "page": listed.page,
        "transfers": fee_accounts.transfers(row.account.enrolment)[:MOST_TRANSFERS],
        "contest": ContestForm(),
        "answers": {do: AnswerForm(auto_id=f"{do}_%s") for do in ANSWERS},
        "events": describe_events(history.of(row)[:20]),
    }
    return render(request, "billing/settlement.html", context)


@require_POST
@school_page(may="fees.download_list")
def students(request: Any, pk: int) -> HttpResponse:
    """The students of a settlement as a workbook. It is a POST because it is recorded."""
    return _workbook(request, _own(request, pk))


@require_POST
@center_page(may="fees.download_list")
def center_students(request: Any, pk: int) -> HttpResponse:
    return _workbook(request, _own(request, pk))


def _workbook(request: Any, row: Settlement) -> HttpResponse:
    content = settlement_lists.workbook(row, by=request.user)
    return files.attachment(content, filename=f"{_('Settlement')}-{row}.xlsx", content_type=workbooks.CONTENT_TYPE)


@require_POST
@school_page(may="fees.sign_settlement")
def sign(request: Any, pk: int) -> HttpResponse:
    row = settlements.sign(_own(request, pk), by=request.user)
    messages.success(request, _("Signed off: settlement %(number)s.") % {"number": row})
    return HttpResponseRedirect(reverse("billing:account"))


@require_POST
@school_page(may="fees.sign_settlement")
def contest(request: Any, pk: int) -> HttpResponse:
    settlements.contest(_own(request, pk), **checked(ContestForm(request.POST)), by=request.user)
    messages.success(request, _("The center reads your reason and answers it."))
    return HttpResponseRedirect(reverse("billing:settlement", args=[pk]))


@require_GET
@center_page(may="fees.see")
def center_settlements(request: Any) -> HttpResponse:
    """The settlements of all schools, the newest first, and the job that proposes them."""
    rows = Settlement.objects.filter(account__season=request.season).select_related("account", "school__area")
    listed = SettlementList(rows, request.GET)
    job = Job.objects.filter(kind=settlements.KIND, season=request.season).order_by("-id").first()
    context = {"listed": listed, "page": listed.page, "job": job}
    return render(request, "billing/center_settlements.html", context)


@require_POST
@center_page(may="fees.settle")
def settle_all(request: Any) -> HttpResponse:
    settlements.propose_to_all(request.season, by=request.user)
    messages.success(request, _("Every school that has something to settle gets its settlement now."))
    return HttpResponseRedirect(reverse("billing:center_settlements"))


@require_POST
@center_page(may="fees.settle")
def settle_school(request: Any, pk: int) -> HttpResponse:
    row = settlements.propose(get_object_or_404(_enrolments(), pk=pk), by=request.user)
    messages.success(request, _("Proposed: settlement %(number)s.") % {"number": row})
    return HttpResponseRedirect(reverse("billing:center_settlement", args=[row.pk]))


@require_POST
@center_page(may="fees.settle")
def answer(request: Any, pk: int) -> HttpResponse:
    """`do` is stand_by, correct or withdraw."""
    form = checked(ChosenAnswerForm(request.POST))
    row = ANSWERS[form["do"]](_own(request, pk), answer=form["answer"], by=request.user)
    messages.success(request, _("The school has been told."))
    return HttpResponseRedirect(reverse("billing:center_settlement", args=[row.pk]))
