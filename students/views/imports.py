"""Pages of a roster import: template, upload, preview, confirmation, result."""

from collections import Counter
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST
from django.views.decorators.vary import vary_on_headers

from portal import files, history
from portal.access import school_page
from portal.errors import PortalError
from portal.formatting import mask
from portal.models import Job, Look
from portal.pages.form_fields import checked
from portal.pages.lists import Choice, Filter, List, search_field
from portal.privacy import looks
from portal.untrusted import workbooks
from students.forms import ConfirmImportForm, RosterUploadForm
from students.models import RosterImport, Student
from students.roster import cells, changes, roster_imports, spreadsheet_writer
from students.roster.cell_problems import Problem
from students.roster.changes import Change
from students.roster.columns import BY_FIELD, COLUMNS, Column
from students.roster.importer import MAX_REPORTED, check_size

PREVIEWED = 50  # wrong rows shown on the page
IN_WORKBOOK = MAX_REPORTED
STEPS = {
    "reading": 1,
    "headings": 1,
    "refused": 1,
    "preview": 2,
    "applying": 3,
    "done": 4,
    "dropped": 2,
    "cancelled": 3,
}


def _imports(request: Any) -> Any:
    rows = RosterImport.objects.filter(school=request.school, season=request.season)
    return rows.select_related("job", "season", "school").defer(*RosterImport.SEALED)


@school_page(may="roster.import")
def roster_import(request: Any) -> HttpResponse:
    """The form of the upload, and the earlier imports."""
    form = RosterUploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            roster = _upload(request, form.cleaned_data["file"])
        except PortalError as error:
            form.add_error("file", str(error))
        else:
            return HttpResponseRedirect(reverse("students:roster_import_detail", args=[roster.pk]))
    context = {"form": form, "columns": COLUMNS, "imports": _imports(request)[:20]}
    return render(request, "students/roster_import.html", context, status=422 if form.errors else 200)


def _upload(request: Any, file: Any) -> RosterImport:
    check_size(file.size)
    return roster_imports.upload_roster(
        school=request.school, season=request.season, content=file.read(), filename=file.name, by=request.user
    )


@vary_on_headers("HX-Request")
@school_page(may="roster.import")
def roster_import_detail(request: Any, pk: int) -> HttpResponse:
    """One import, in every state. The page refreshes itself while a job runs."""
    roster = get_object_or_404(_imports(request), pk=pk)
    context: dict[str, Any] = {
        "roster": roster,
        "step": STEPS.get(roster.status, 1),
        "is_working": roster.status in (RosterImport.Status.READING, RosterImport.Status.APPLYING),
        "waits_long": roster.job is not None and roster.job.status == Job.Status.QUEUED,
    }
    if roster.status in (RosterImport.Status.PREVIEW, RosterImport.Status.DONE):
        context |= _preview(request, roster)
    return render(request, "students/roster_import_detail.html" + ("#state" if request.htmx else ""), context)


def _preview(request: Any, roster: RosterImport) -> dict[str, Any]:
    """Context of the preview: the first wrong rows, and the numbers of the plan."""
    try:
        rows = roster_imports.wrong_rows(roster, most=PREVIEWED)
    except PortalError:
        rows = []
    shown = _columns_to_show(rows)
    return {
        "columns": shown,
        "wrong_rows": [(number, _cells(texts, reasons, shown)) for number, texts, reasons in rows],
        "more_wrong": max(roster.wrong - len(rows), 0),
        "in_workbook": IN_WORKBOOK if roster.wrong > IN_WORKBOOK else 0,
        "has_file": bool(roster.file),
        "to_write": roster.new + roster.changed,
        "may_confirm": roster_imports.to_do(roster, marks_left=True),
        "fields": _fields(roster),
        "total": roster.new + roster.changed + roster.unchanged + roster.wrong,
        "report": roster.report,
        "warned": _warnings(roster.report),
        "missing": _named(request, roster.report, "missing", most=40),
        "after_photo": _named(request, roster.report, "after_photo", most=12),
    }


def _named(request: Any, report: dict[str, Any], kind: str, *, most: int) -> list[Student]:
    """The first students of a list of the report, which keeps ids only."""
    ids = report.get(kind, {}).get("first", [])[:most]
    students = list(Student.objects.filter(pk__in=ids).order_by("student_no"))
    looks.record(request, Look.Kind.LIST, [student.pk for student in students])
    return students


def _warnings(report: dict[str, Any]) -> list[tuple[Any, str, str]]:
    """(row as people call it, heading, sentence) of the first cells with a warning."""
    return [
        (row, BY_FIELD[name].heading, Problem(*problem).warning)
        for row, problems in report.get("warned", {}).get("first", [])
        for name, problem in problems.items()
    ]


def _columns_to_show(rows: list[tuple[int | str, list[str], dict[str, str]]]) -> list[Column]:
    """Student number, name, and columns with a problem: all columns would not fit."""
    fields = {"student_no", "name"}.union(*(reasons for _number, _texts, reasons in rows))
    return [column for column in COLUMNS if column.field in fields]


def _cells(texts: list[str], reasons: dict[str, str], shown: list[Column]) -> list[dict[str, Any]]:
    return [
        {"column": column, "text": _display_text(column.field, text, reasons), "reason": reasons.get(column.field, "")}
        for column, text in zip(COLUMNS, texts, strict=True)
        if column in shown
    ]


def _display_text(field: str, text: str, reasons: dict[str, str]) -> str:
    """The text as typed; a document number without a problem is masked."""
    text = cells.shown(text)
    return mask(text) if field == "id_number" and text and field not in reasons else text


class ChangeList(List):
    """The changes of one import, which are no rows of the database: filters narrow a list."""

    filters = {
        "q": Filter(search_field(), lambda rows, words: [row for row in rows if _is_of(row, words)]),
        "field": Filter(
            forms.ChoiceField(
                label=gettext_lazy("Column"), required=False, choices=[(c.field, c.heading) for c in COLUMNS]
            ),
            lambda rows, name: [row for row in rows if any(field.field == name for field in row.fields)],
            lambda rows: Counter(field.field for row in rows for field in row.fields),
        ),
        "photographed": Filter(
            forms.ChoiceField(
                label=gettext_lazy("Photographed already"),
                required=False,
                choices=[("yes", gettext_lazy("Photographed already")), ("no", gettext_lazy("Not photographed"))],
            ),
            lambda rows, value: [row for row in rows if row.is_photographed == (value == "yes")],
            lambda rows: Counter("yes" if row.is_photographed else "no" for row in rows),
        ),
    }

    @property
    def columns(self) -> list[Choice]:
        """The columns that change, each with the number of students."""
        return [choice for choice in self.chips("field") if choice.count]


def _is_of(change: Change, words: str) -> bool:
    return change.name.startswith(words) or change.student_no.startswith(words)


def _changes(request: Any, pk: int, asked: Any) -> tuple[RosterImport, ChangeList]:
    roster = get_object_or_404(_imports(request), pk=pk)
    return roster, ChangeList(changes.changes_of(roster), asked)


@require_GET
@school_page(may="roster.import")
def roster_changes(request: Any, pk: int) -> HttpResponse:
    """What an import changes, by student and field, before it is confirmed."""
    roster, listed = _changes(request, pk, request.GET)
    looks.record(request, Look.Kind.LIST, [change.student for change in listed.page])
    context = {"roster": roster, "listed": listed, "page": listed.page, "fields": _fields(roster)}
    return render(request, "students/roster_changes.html", context)


@require_POST
@school_page(may="roster.import")
def roster_changes_file(request: Any, pk: int) -> HttpResponse:
    """The filtered changes as a workbook. It is a POST because it is recorded."""
    roster, listed = _changes(request, pk, request.POST)
    found = listed.require_known().found
    history.record("rosterimport.changes", roster, by=request.user, facts={"count": len(found)})
    with changes.workbook(found) as file:
        return _workbook(file.read(), _("Changes %(number)d.xlsx") % {"number": roster.pk})


def _fields(roster: RosterImport) -> list[tuple[str, str, int]]:
    """(field, heading, students) of the columns that the import changes."""
    counted = roster.report.get("fields", {})
    return [(c.field, c.heading, counted[c.field]) for c in COLUMNS if c.field in counted]


@require_POST
@school_page(may="roster.import")
def roster_cancel(request: Any, pk: int) -> HttpResponse:
    """End an import that a worker is reading or writing."""
    roster = roster_imports.cancel_import(row=get_object_or_404(_imports(request), pk=pk), by=request.user)
    return HttpResponseRedirect(reverse("students:roster_import_detail", args=[roster.pk]))


@require_POST
@school_page(may="roster.import")
def roster_confirm(request: Any, pk: int) -> HttpResponse:
    chosen = checked(ConfirmImportForm(request.POST))["missing"]
    roster = roster_imports.confirm_import(
        row=get_object_or_404(_imports(request), pk=pk), by=request.user, marks_left=chosen == ConfirmImportForm.LEFT
    )
    return HttpResponseRedirect(reverse("students:roster_import_detail", args=[roster.pk]))


@require_POST
@school_page(may="roster.import")
def roster_drop(request: Any, pk: int) -> HttpResponse:
    roster_imports.drop_import(row=get_object_or_404(_imports(request), pk=pk), by=request.user)
    messages.success(request, _("Dropped: nothing was changed."))
    return HttpResponseRedirect(reverse("students:roster_import"))


def _workbook(content: bytes, name: str) -> HttpResponse:
    return files.attachment(content, filename=name, content_type=workbooks.CONTENT_TYPE)


@school_page(may="roster.import")
def roster_template(request: Any) -> HttpResponse:
    if request.season is None:
        raise PortalError(_("There is no season yet."))
    content = spreadsheet_writer.template_workbook(
        title=spreadsheet_writer.template_title(request.season, request.school)
    )
    return _workbook(content, _("Roster template.xlsx"))


@require_POST
@school_page(may="roster.import")
def roster_wrong(request: Any, pk: int) -> HttpResponse:
    """Download of the wrong rows as a workbook. It is a POST because it is recorded."""
    roster = get_object_or_404(_imports(request), pk=pk)
    rows = roster_imports.wrong_rows(roster, most=IN_WORKBOOK)
    history.record("rosterimport.wrong_rows", roster, by=request.user, facts={"count": len(rows)})
    return _workbook(
        spreadsheet_writer.wrong_rows_workbook(rows), _("Wrong rows %(number)d.xlsx") % {"number": roster.pk}
    )
