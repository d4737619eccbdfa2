"""The center's pages of bank statements: files, lines, what a line is, and what booking changes."""

from typing import Any

from django.contrib import messages
from django.db.models import F, Q
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django.views.decorators.vary import vary_on_headers

from billing.bank import booking, cells, matching, statements
from billing.bank.columns import Assignment
from billing.bank.forms import (
    AsideForm,
    ColumnsForm,
    PaidRefundForm,
    PartForm,
    PayerNameForm,
    StatementForm,
    TakeUpForm,
    YuanForm,
)
from billing.models import Allocation, BankLine, BankStatement, PayerName
from portal import history, permissions
from portal.access import center_page
from portal.errors import PortalError
from portal.pages.form_fields import PickedForm, checked, whole_number
from portal.pages.lists import Filter, List, cases, search_field
from schools.models import Enrolment

SHOWN_TOLD = 10  # repeated lines and breaks shown of a statement

STATES = {
    "open": (gettext_lazy("To be assigned"), Q(status="open") & (~Q(amount_fen=F("booked_fen") + F("proposed_fen")) | Q(amount_fen=0))),
    "proposed": (gettext_lazy("Proposed"), Q(status="open", awaits_second=False) & ~Q(proposed_fen=0)),
    "second": (gettext_lazy("Waits for a second person"), Q(status="open", awaits_second=True)),
    "booked": (gettext_lazy("Booked"), Q(amount_fen=F("booked_fen")) & ~Q(amount_fen=0)),
    "refused": (gettext_lazy("Refused: to be sent back"), Q(status="refused")),
    "aside": (gettext_lazy("Set aside"), Q(status="aside")),
}  # fmt: skip
TONES = {"open": "look", "proposed": "sky", "second": "look", "booked": "ok", "refused": "act", "aside": ""}


def _containing(rows: Any, words: str) -> Any:
    """Lines with these words, this bank reference, or this amount in yuan."""
    found = Q(payer__icontains=words) | Q(remark__icontains=words) | Q(serial__iexact=words)
    found |= Q(payer_account__startswith=words)
    try:
        amount = cells.amount(words)
    except cells.WrongCell:
        amount = 0
    if amount:
        found |= Q(amount_fen__in=(amount, -amount))
    return rows.filter(found)


class BankLines(List):
    """Lines of the bank, the newest first."""

    filters = {"q": Filter(search_field(), _containing), "state": cases(STATES, label=gettext_lazy("State"))}
    sorts = {"": ("-booked_on", "-pk"), "date": ("booked_on", "pk"), "amount": ("amount_fen", "pk")}


def state_of(line: Any) -> str:
    """The key of STATES of a line that has its sums."""
    if line.status != BankLine.Status.OPEN:
        return str(line.status)
    if line.awaits_second:
        return "second"
    if line.amount_fen and line.booked_fen == line.amount_fen:
        return "booked"
    return "proposed" if line.proposed_fen and line.proposed_fen + line.booked_fen == line.amount_fen else "open"


def _shown(lines: Any) -> list[Any]:
    """The lines of a page with `state`, `tone`, `state_label`, `parts` and the sentence of their `doubt`."""
    rows = list(lines)
    parts: dict[int, list[Allocation]] = {}
    live = Allocation.objects.filter(line__in=[row.pk for row in rows]).exclude(status=Allocation.Status.DROPPED)
    for part in live.select_related("account__school", "account__season", "entry"):
        parts.setdefault(part.line_id, []).append(part)
    for row in rows:
        row.state = state_of(row)
        row.tone, row.state_label = TONES[row.state], STATES[row.state][0]
        row.parts = parts.get(row.pk, [])
        row.doubt_text = matching.DOUBTS.get(row.doubt, "") if row.state == "open" else ""
        row.may_be_confirmed = row.state in ("proposed", "second") or bool(row.proposed_fen)
    return rows


@require_http_methods(["GET", "POST"])
@center_page(may="fees.see", to_post="fees.bank")
def bank(request: Any) -> HttpResponse:
    """The files of the bank, a form for the next one, and what waits."""
    form = StatementForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        try:
            statement = statements.upload(content=file.read(), filename=file.name, by=request.user)
        except PortalError as error:
            form.add_error("file", str(error))
        else:
            return HttpResponseRedirect(reverse("billing:bank_statement", args=[statement.pk]))
    lines = BankLine.objects.with_sums()
    context = {
        "form": form,
        "statements": BankStatement.objects.exclude(status=BankStatement.Status.DROPPED)[:60],
        "numbers": {name: lines.filter(q).count() for name, (_label, q) in STATES.items() if name in ("open", "proposed", "second", "refused")},
        "unmatched_fen": sum(line.amount_fen - line.booked_fen for line in BankLine.objects.unmatched()),
    }  # fmt: skip
    return render(request, "billing/bank.html", context, status=422 if form.errors else 200)


@require_GET
@center_page(may="fees.see")
def bank_lines(request: Any) -> HttpResponse:
    """All lines; those that are to be assigned are the tray."""
    listed = BankLines(BankLine.objects.with_sums(), request.GET)
    context = {"listed": listed, "page": listed.page, "lines": _shown(listed.page)}
    return render(request, "billing/bank_lines.html", context)


@require_GET
@vary_on_headers("HX-Request")
@center_page(may="fees.see")
def bank_statement(request: Any, pk: int) -> HttpResponse:
    """One file: how far it is read; then whether its balances agree, what came again, and its lines."""
    statement = get_object_or_404(BankStatement.objects.select_related("job"), pk=pk)
    is_at_work = statement.job is not None and statement.job.is_open
    if statement.status in (BankStatement.Status.READING, BankStatement.Status.DROPPED) or is_at_work:
        template = "billing/bank_reading.html#state" if request.htmx else "billing/bank_reading.html"
        return render(request, template, {"statement": statement, "job": statement.job})
    if request.htmx and request.headers.get("HX-Target") == "reading":  # it was polled until now
        return HttpResponse(status=204, headers={"HX-Redirect": request.get_full_path()})
    if statement.status == BankStatement.Status.HEADINGS:
        return HttpResponseRedirect(reverse("billing:bank_columns", args=[pk]))
    listed = BankLines(BankLine.objects.with_sums().filter(statement=statement), request.GET)
    report = {"in_fen": 0, "out_fen": 0, "difference_fen": 0} | statement.report
    context = {
        "statement": statement,
        "listed": listed,
        "page": listed.page,
        "lines": _shown(listed.page),
        "report": report,
        "again": report.get("again", [])[:SHOWN_TOLD],
        "known": report.get("known", [])[:SHOWN_TOLD],
        "breaks": report.get("breaks", [])[:SHOWN_TOLD],
        "tone": _tone(statement),
    }
    return render(request, "billing/bank_statement.html", context)


def _tone(statement: BankStatement) -> str:
    """The tone of the closing balance: whether opening balance and movements make it."""
    if statement.report.get("breaks_count") or statement.report.get("difference_fen"):
        return "tile-act"
    return "" if statement.closing_fen is None else "tile-ok"


@require_http_methods(["GET", "POST"])
@center_page(may="fees.bank")
def bank_columns(request: Any, pk: int) -> HttpResponse:
    """What the columns of a file are, with their first cells."""
    statement = get_object_or_404(BankStatement, pk=pk)
    if statement.status != BankStatement.Status.HEADINGS:
        return HttpResponseRedirect(reverse("billing:bank_statement", args=[pk]))
    asked = request.POST or request.GET
    layout = statements.layout(statement, row=whole_number(asked.get("row", "")) or None)
    form = ColumnsForm(request.POST or None, layout=layout)
    if request.method == "POST" and form.is_valid():
        statements.assign(statement, assignment=Assignment(form.chosen, layout.sheet, layout.row), by=request.user)
        return HttpResponseRedirect(reverse("billing:bank_statement", args=[pk]))
    problems = statement.report.get("problems", [])[:SHOWN_TOLD]
    context = {"statement": statement, "layout": layout, "form": form, "problems": problems}
    return render(request, "billing/bank_columns.html", context, status=422 if form.errors else 200)


@require_POST
@center_page(may="fees.bank")
def bank_drop(request: Any, pk: int) -> HttpResponse:
    statements.drop(get_object_or_404(BankStatement, pk=pk), by=request.user)
    messages.success(request, _("The file is dropped: nothing of it was taken."))
    return HttpResponseRedirect(reverse("billing:bank"))


@require_POST
@center_page(may="fees.bank")
def bank_match_again(request: Any, pk: int) -> HttpResponse:
    """Match the open lines of a statement anew."""
    statement = get_object_or_404(BankStatement, pk=pk)
    number = booking.match_again(statement.lines.all(), by=request.user)
    text = ngettext("%(n)d open line was matched again.", "%(n)d open lines were matched again.", number)
    messages.success(request, text % {"n": number})
    return HttpResponseRedirect(reverse("billing:bank_statement", args=[pk]))


# one line


def _line(pk: int) -> Any:
    return get_object_or_404(BankLine.objects.with_sums().select_related("statement"), pk=pk)


def _to_line(pk: int) -> HttpResponse:
    return HttpResponseRedirect(reverse("billing:bank_line", args=[pk]))


@require_GET
@center_page(may="fees.see")
def bank_line(request: Any, pk: int) -> HttpResponse:
    """One line: whose money it is, what is booked of it, and what may be done."""
    (line,) = _shown([_line(pk)])
    rest = line.amount_fen - line.booked_fen - line.proposed_fen
    suggestions = _suggestions(line) if rest > 0 else []
    context = {
        "line": line,
        "rest_fen": rest,
        "entries": line.entries.select_related("account__school", "account__season", "account__enrolment", "by").order_by("pk"),
        "live": [part for part in line.parts if part.status in Allocation.LIVE],
        "suggestions": suggestions,
        "part": PartForm(initial={"amount_fen": max(rest, 0)}),
        "aside": AsideForm(),
        "take_up": TakeUpForm(),
        "yuan_form": YuanForm(),
        "refund": PaidRefundForm(),
        "events": history.of(line)[:20],
    }  # fmt: skip
    return render(request, "billing/bank_line.html", context)


def _suggestions(line: BankLine) -> list[dict[str, Any]]:
    enrolments = {
        row.pk: row
        for row in Enrolment.objects.filter(pk__in=[each["key"] for each in line.suggestions]).select_related(
            "school", "season"
        )
    }
    return [
        {**each, "enrolment": enrolments[each["key"]], "how": Allocation.How(each["how"]).label}
        for each in line.suggestions
        if each["key"] in enrolments
    ]


@require_POST
@center_page(may="fees.bank")
def bank_part(request: Any, pk: int) -> HttpResponse:
    """Say that so much of a line belongs to an account."""
    given = checked(PartForm(request.POST))
    booking.split(_line(pk), [(given["enrolment"], given["amount_fen"])], by=request.user)
    messages.success(request, _("Assigned. It is booked when you confirm it."))
    return _to_line(pk)


@require_POST
@center_page(may="fees.bank")
def bank_refund(request: Any, pk: int) -> HttpResponse:
    """Say that an outgoing line paid a refund to a school."""
    booking.pay_refund(_line(pk), checked(PaidRefundForm(request.POST))["refund"], by=request.user)
    messages.success(request, _("Assigned. It is booked when you confirm it."))
    return _to_line(pk)


@require_POST
@center_page(may="fees.bank")
def bank_part_drop(request: Any, pk: int, part: int) -> HttpResponse:
    row = get_object_or_404(Allocation.objects.select_related("line", "account__school"), pk=part, line=pk)
    booking.drop(row, by=request.user)
    messages.success(request, _("Dropped: this money is to be assigned again."))
    return _to_line(pk)


@require_POST
@center_page(may="fees.bank")
def bank_aside(request: Any, pk: int) -> HttpResponse:
    booking.set_aside(_line(pk), **checked(AsideForm(request.POST)), by=request.user)
    messages.success(request, _("The line is set aside; your reason is kept in the history."))
    return _to_line(pk)


@require_POST
@center_page(may="fees.bank")
def bank_take_up(request: Any, pk: int) -> HttpResponse:
    booking.take_up(_line(pk), **checked(TakeUpForm(request.POST)), by=request.user)
    messages.success(request, _("The line is to be assigned again."))
    return _to_line(pk)


@require_POST
@center_page(may="fees.bank")
def bank_yuan(request: Any, pk: int) -> HttpResponse:
    booking.say_yuan(_line(pk), **checked(YuanForm(request.POST)), by=request.user)
    messages.success(request, _("Saved. The line can be assigned now."))
    return _to_line(pk)


# booking


@require_http_methods(["GET", "POST"])
@center_page(may="fees.confirm")
def bank_confirm(request: Any) -> HttpResponse:
    """What confirming changes, account by account; then it is booked."""
    asked = request.POST or request.GET
    picked = PickedForm({"pick": asked.getlist("pick")})
    lines = checked(picked)["pick"][: booking.MOST_AT_ONCE + 1]
    live = Allocation.objects.filter(line__in=lines, status__in=Allocation.LIVE)
    rows = booking.live(live.values_list("pk", flat=True))
    if not rows:
        messages.info(request, _("Nothing of these lines waits to be confirmed."))
        return HttpResponseRedirect(reverse("billing:bank_lines"))
    found = booking.effects(rows)
    if request.method == "POST":
        booked, waiting = booking.confirm(
            rows,
            mark=request.POST.get("mark", ""),
            by=request.user,
            may_be_second=permissions.may(request.membership, "fees.confirm_large"),
        )
        _tell(request, booked, waiting)
        return HttpResponseRedirect(reverse("billing:bank_lines") + ("?state=second" if waiting else "?state=proposed"))
    for row in rows:
        row.needs_second = booking.needs_second(row) and row.status == Allocation.Status.PROPOSED  # type: ignore[attr-defined]
        row.is_own = row.status == Allocation.Status.AWAITING and row.first_by_id == request.user.pk  # type: ignore[attr-defined]
    context = {
        "rows": rows,
        "effects": found,
        "lines": sorted({row.line_id for row in rows}),
        "mark": booking.seen(rows, found),
        "sum_fen": sum(row.amount_fen for row in rows),
    }
    return render(request, "billing/bank_confirm.html", context)


def _tell(request: Any, booked: int, waiting: int) -> None:
    if booked:
        text = ngettext("%(n)d entry is booked.", "%(n)d entries are booked.", booked)
        messages.success(request, text % {"n": booked})
    if waiting:
        text = ngettext("%(n)d amount waits for a second person.", "%(n)d amounts wait for a second person.", waiting)
        messages.info(request, text % {"n": waiting})


# names


@require_http_methods(["GET", "POST"])
@center_page(may="fees.see", to_post="fees.bank")
def bank_names(request: Any) -> HttpResponse:
    """Under which other names schools pay: learned by booking, or entered, such as a former name."""
    form = PayerNameForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        booking.learn_name(form.cleaned_data["school"], form.cleaned_data["label"], by=request.user)
        messages.success(request, _("Saved. It counts from the next matching on."))
        return HttpResponseRedirect(reverse("billing:bank_names"))
    context = {"form": form, "names": PayerName.objects.select_related("school")[:500]}
    return render(request, "billing/bank_names.html", context, status=422 if form.errors else 200)


@require_POST
@center_page(may="fees.bank")
def bank_name_forget(request: Any, pk: int) -> HttpResponse:
    booking.forget_name(get_object_or_404(PayerName.objects.select_related("school"), pk=pk), by=request.user)
    messages.success(request, _("This name is forgotten."))
    return HttpResponseRedirect(reverse("billing:bank_names"))
