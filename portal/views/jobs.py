"""Pages of jobs: progress, file, retry and dismissal."""

import mimetypes
from pathlib import PurePosixPath
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST
from django.views.decorators.vary import vary_on_headers

from portal import files, permissions, student_limits
from portal.access import staff_page
from portal.accounts import password_again
from portal.background import jobs
from portal.models import Job
from portal.pages.lists import List, choice

MOST_SHOWN = 6


class Jobs(List):
    filters = {"status": choice("status", Job.Status.choices, label=gettext_lazy("State"))}
    page_size = 30


def jobs_of(request: Any) -> QuerySet[Job]:
    """The jobs that a person may see: all for the center, a school's own for its people, and for people
    limited to colleges or classes only those that they started under the limit that they have now. Without
    `jobs.see_others`: the person's own, and those of kinds that stand on a page of theirs.
    """
    found = Job.objects.select_related("school", "created_by")
    if not permissions.may(request.membership, "jobs.see_others"):
        found = found.filter(Q(created_by=request.user) | Q(kind__in=jobs.kinds_seen_by(request.membership)))
    if request.membership.is_limited:
        limit = student_limits.present().as_json()
        found = found.filter(created_by=request.user, **{f"params__{jobs.LIMIT}": limit})
    return found if request.membership.is_center else found.filter(school=request.school)


def jobs_panel(request: Any) -> dict[str, Any]:
    """Template context of the panel: unfinished jobs, and failed jobs that this portal is
    responsible for.
    """
    running = jobs_of(request).filter(status__in=(Job.Status.QUEUED, Job.Status.RUNNING))
    failed = jobs.failed_for(request.membership).select_related("school", "created_by")
    rows = _labelled(failed[:MOST_SHOWN])
    for row in rows:
        row.may_retry = _may_retry(request, row)
    return {"jobs": _labelled(running[:MOST_SHOWN]), "failed_jobs": rows}


def _labelled(rows: Any) -> list[Any]:
    for row in rows:
        row.label = jobs.label_of(row.kind)
    return list(rows)


@staff_page(may="jobs.see")
def job_list(request: Any) -> HttpResponse:
    listed = Jobs(jobs_of(request), request.GET)
    listed.page.object_list = _labelled(listed.page.object_list)
    return render(request, "portal/jobs.html", {"listed": listed, "page": listed.page})


@vary_on_headers("HX-Request")
@staff_page(may="jobs.see")
def job_detail(request: Any, pk: int) -> HttpResponse:
    """One job. Its fragment polls until the job is finished."""
    row = get_object_or_404(jobs_of(request), pk=pk)
    handler = jobs.HANDLERS.get(row.kind)
    if handler and handler.page and permissions.may(request.membership, handler.seen_with):
        return redirect(handler.page, row.pk)
    template = "portal/job.html#state" if request.htmx else "portal/job.html"
    context = {
        "job": row,
        "label": jobs.label_of(row.kind),
        "may_retry": _may_retry(request, row),
        "may_cancel": jobs.may_cancel(row, request.membership),
        "may_download": bool(row.artefact) and _may_download(request, row),
    }
    return render(request, template, context)


def _may_retry(request: Any, row: Job) -> bool:
    is_mine = permissions.may(request.membership, "jobs.retry")
    return bool(row.status == Job.Status.FAILED and is_mine and row.kind in jobs.HANDLERS)


def _may_download(request: Any, row: Job) -> bool:
    handler = jobs.HANDLERS.get(row.kind)
    if handler is None or not handler.file_may:
        return True
    return row.created_by_id == request.user.pk and permissions.may(request.membership, handler.file_may)


@staff_page(may="jobs.see")
def job_file(request: Any, pk: int) -> HttpResponse:
    """Download the file of a job. The download is recorded in the history."""
    row = get_object_or_404(jobs_of(request), pk=pk)
    if not row.artefact or not _may_download(request, row):
        raise Http404
    handler = jobs.HANDLERS.get(row.kind)
    action = permissions.action(handler.file_may) if handler and handler.file_may else None
    if action and action.asks_password and (asking := password_again.ask(request, action)):
        return asking
    name = PurePosixPath(row.artefact.name).name
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    return files.download(row.artefact, of=row, by=request.user, filename=name, content_type=kind)


@require_POST
@staff_page(may="jobs.retry")
def job_retry(request: Any, pk: int) -> HttpResponse:
    row = jobs.retry(get_object_or_404(jobs_of(request), pk=pk), by=request.user)
    messages.success(request, _("The job waits for its turn again."))
    return HttpResponseRedirect(reverse("portal:job", args=[row.pk]))


@require_POST
@staff_page(may="jobs.see")
def job_cancel(request: Any, pk: int) -> HttpResponse:
    row = jobs.cancel(get_object_or_404(jobs_of(request), pk=pk), by=request.user)
    messages.success(request, _("Cancelled."))
    return HttpResponseRedirect(reverse("portal:job", args=[row.pk]))


@require_POST
@staff_page(may="jobs.dismiss")
def job_dismiss(request: Any, pk: int) -> HttpResponse:
    jobs.dismiss(get_object_or_404(jobs_of(request), pk=pk), by=request.user)
    messages.success(request, _("Taken off the overview. You find it under “All jobs”."))
    return redirect(settings.LOGIN_REDIRECT_URL)


@staff_page(may="jobs.see")
def panel_jobs(request: Any) -> HttpResponse:
    """The panel of unfinished and failed jobs on the overviews."""
    return render(request, "portal/panel_jobs.html", jobs_panel(request))
