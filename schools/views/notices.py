"""The notices: written, published and followed by the center; read and confirmed by the schools."""

from typing import Any

from django.contrib import messages
from django.db.models import Count, F, Q
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_POST

from portal import files, history
from portal.access import center_page, school_page
from portal.history.event_text import describe_events, group_events
from portal.pages.form_fields import checked, whole_number
from portal.pages.lists import List, cases, choice, row, search
from portal.untrusted import workbooks
from schools.forms import NoticeFileForm, NoticeForm, PublishForm, WithdrawForm
from schools.models import Area, Notice, NoticeAddressee, NoticeFile, NoticeVersion, School
from schools.notices import annexes, attachments, publishing, reading, sheets


class NoticeList(List):
    filters = {
        "q": search("title__icontains"),
        "status": choice("status", Notice.Status.choices, label=gettext_lazy("State")),
    }
    sorts = {"": ("-id",), "title": ("title", "-id")}
    page_size = 30


class AddresseeList(List):
    filters = {
        "q": search("school__name__icontains", "school__code__startswith"),
        "area": row("school__area", Area.objects.all(), label=gettext_lazy("Area")),
        "state": cases(
            {
                "confirmed": (gettext_lazy("Confirmed"), Q(is_confirmed=True)),
                "read": (gettext_lazy("Read, not confirmed"), Q(is_confirmed=False, readers__gt=0)),
                "unread": (gettext_lazy("Not read yet"), Q(is_confirmed=False, readers=0)),
            },
            label=gettext_lazy("State"),
        ),
    }
    sorts = {
        "": ("school__area__position", "school__code"),
        "school": ("school__name",),
        "confirmed": ("confirmed_at", "school__code"),
        "readers": ("readers", "school__code"),
        "students": ("student_readers", "school__code"),
    }


# the center


@require_GET
@center_page(may="notices.see")
def center_notices(request: Any) -> HttpResponse:
    """The notices of the season, with how many schools were told and have confirmed."""
    confirmed = Q(addressees__confirmed_number__gte=F("counts_from"))
    rows = Notice.objects.filter(season=request.season).select_related("season")
    rows = rows.annotate(told=Count("addressees"), confirmed=Count("addressees", filter=confirmed))
    listed = NoticeList(rows, request.GET)
    return render(request, "schools/center_notices.html", {"listed": listed, "page": listed.page})


@center_page(may="notices.write")
def notice_new(request: Any) -> HttpResponse:
    """A new draft; with ?from=season it begins with the season's own notice."""
    season = request.season
    if season is None:
        raise Http404
    initial = annexes.draft_of(season) if request.GET.get("from") == "season" else None
    form = NoticeForm(request.POST or None, season=season, initial=initial)
    if request.method == "POST" and form.is_valid():
        notice = publishing.create(season, by=request.user, **form.cleaned_data)
        messages.success(request, _("The draft is saved. Look at the preview, then publish it."))
        return HttpResponseRedirect(notice.get_absolute_url())
    return render(request, "schools/notice_form.html", {"form": form}, status=422 if form.errors else 200)


@center_page(may="notices.write")
def notice_edit(request: Any, pk: int) -> HttpResponse:
    notice = _notice(pk)
    publishing.require_editable(notice)
    form = NoticeForm(request.POST or None, instance=notice, season=notice.season)
    if request.method == "POST" and form.is_valid():
        publishing.change(notice, by=request.user, **form.cleaned_data)
        messages.success(request, _("Saved. Readers see it when you publish it."))
        return HttpResponseRedirect(notice.get_absolute_url())
    return render(
        request, "schools/notice_form.html", {"form": form, "notice": notice}, status=422 if form.errors else 200
    )


@require_GET
@center_page(may="notices.see")
def center_notice(request: Any, pk: int) -> HttpResponse:
    """The draft as it will read, what was published, and who has read and confirmed it."""
    notice = _notice(pk)
    differs = publishing.differs(notice)
    listed = AddresseeList(reading.addressees(notice), request.GET)
    page = listed.page
    readers = reading.people(notice, [one.school for one in page])
    for one in page:
        one.people = readers.get(one.school_id, [])
    context = {
        "notice": notice,
        "files": NoticeFile.objects.filter(notice=notice, is_dropped=False),
        "versions": notice.versions.all(),
        "differs": differs,
        "newest": "" if differs else f"?version={notice.number}",
        "fitting": publishing.addressed(notice).count(),
        "areas": Area.objects.all(),
        "listed": listed,
        "page": page,
        "waiting": listed.rows.filter(is_done=False).exclude(reminded_on=timezone.localdate()).count(),
        "narrowed": _narrowed(notice),
        "file_form": NoticeFileForm(),
        "publish_form": PublishForm(),
        "withdraw_form": WithdrawForm(),
        "events": group_events(describe_events(history.of(notice)[:8])),
    }
    return render(request, "schools/center_notice.html", context)


def _narrowed(notice: Notice) -> list[str]:
    """The names of what narrows the schools."""
    return [
        *Area.objects.filter(pk__in=notice.areas).values_list("name", flat=True),
        *(str(School.Kind(kind).label) for kind in notice.kinds),
        *(str(dict(notice._meta.get_field("phases").base_field.choices)[phase]) for phase in notice.phases),  # type: ignore[union-attr]
        *School.objects.filter(pk__in=notice.schools).values_list("name", flat=True),
    ]


@require_POST
@center_page(may="notices.write")
def notice_attach(request: Any, pk: int) -> HttpResponse:
    notice = _notice(pk)
    file = checked(NoticeFileForm(request.POST, request.FILES))["file"]
    attachments.refuse_size(file.size)
    attachments.attach(notice, name=file.name, data=file.read(), by=request.user)
    messages.success(request, _("Attached."))
    return HttpResponseRedirect(notice.get_absolute_url())


@require_POST
@center_page(may="notices.write")
def notice_drop_file(request: Any, pk: int, file: int) -> HttpResponse:
    found = get_object_or_404(NoticeFile.objects.select_related("notice"), pk=file, notice=pk, is_dropped=False)
    attachments.drop(found, by=request.user)
    messages.success(request, _("The file is no longer part of the draft."))
    return HttpResponseRedirect(found.notice.get_absolute_url())


@require_POST
@center_page(may="notices.write")
def notice_publish(request: Any, pk: int) -> HttpResponse:
    notice = _notice(pk)
    version = publishing.publish(notice, by=request.user, **checked(PublishForm(request.POST)))
    messages.success(request, _("Version %(n)d is published, and its readers are told.") % {"n": version.number})
    return HttpResponseRedirect(notice.get_absolute_url())


@require_POST
@center_page(may="notices.write")
def notice_withdraw(request: Any, pk: int) -> HttpResponse:
    notice = publishing.withdraw(_notice(pk), by=request.user, **checked(WithdrawForm(request.POST)))
    messages.success(request, _("Withdrawn. Nobody but the center sees it any more."))
    return HttpResponseRedirect(notice.get_absolute_url())


@require_POST
@center_page(may="notices.write")
def notice_remind(request: Any, pk: int) -> HttpResponse:
    notice = _notice(pk)
    number = reading.remind(notice, by=request.user)
    if number:
        told = ngettext("%(n)d school is reminded.", "%(n)d schools are reminded.", number) % {"n": number}
        messages.success(request, told)
    else:
        messages.warning(request, _("Nobody was reminded: all have answered, or were reminded today already."))
    return HttpResponseRedirect(notice.get_absolute_url())


@require_POST
@center_page(may="notices.write")
def notice_export(request: Any, pk: int) -> HttpResponse:
    """Who has read and confirmed, of the schools that the filters select. A POST, because it is recorded."""
    notice = _notice(pk)
    found = AddresseeList(reading.addressees(notice), request.POST).require_known().narrowed()
    history.record("notice.exported", notice, by=request.user, facts={"count": found.count()})
    with sheets.write(notice, found) as file:
        return files.attachment(file.read(), filename="已读与确认.xlsx", content_type=workbooks.CONTENT_TYPE)


@require_GET
@center_page(may="notices.see")
def center_notice_file(request: Any, pk: int, file: int) -> HttpResponse:
    return _send(get_object_or_404(NoticeFile, pk=file, notice=pk))


@require_GET
@center_page(may="notices.see")
def center_notice_print(request: Any, pk: int) -> HttpResponse:
    """The draft, or the version ?version=N, on paper."""
    notice = _notice(pk)
    number = whole_number(request.GET.get("version"))
    shown: Notice | NoticeVersion = notice if number is None else get_object_or_404(notice.versions, number=number)
    return _print(request, notice, shown)


def _notice(pk: int) -> Notice:
    return get_object_or_404(Notice.objects.select_related("season"), pk=pk)


# a school


@require_GET
@school_page(may="notices.read")
def notices(request: Any) -> HttpResponse:
    found = reading.visible(request.school, request.season).select_related("season")
    rows = reading.with_receipt(found, request.user)
    return render(request, "schools/notices.html", {"notices": rows, "addressees": _own_addressees(request, rows)})


def _own_addressees(request: Any, rows: Any) -> dict[int, NoticeAddressee]:
    return {one.notice_id: one for one in NoticeAddressee.objects.filter(school=request.school, notice__in=rows)}


@require_GET
@school_page(may="notices.read")
def notice(request: Any, pk: int) -> HttpResponse:
    """The newest version, or ?version=N. Whoever opens the newest has read it."""
    row = _own(request, pk)
    version = reading.of_version(row, whole_number(request.GET.get("version")))
    if version is None:
        raise Http404
    is_current = version.number == row.number
    if is_current and not request.read_only:  # an archived season, or the center looks on: nothing is written
        reading.read(row, request.user, school=request.school)
    addressee = get_object_or_404(reading.addressees(row), school=request.school)
    context = {
        "notice": row,
        "version": version,
        "versions": row.versions.all(),
        "is_current": is_current,
        "addressee": addressee,
        "files": NoticeFile.objects.filter(pk__in=version.files),
    }
    return render(request, "schools/notice.html", context)


@require_POST
@school_page(may="notices.confirm")
def notice_confirm(request: Any, pk: int) -> HttpResponse:
    row = _own(request, pk)
    number = whole_number(request.POST.get("version"))
    reading.confirm(row, number, reader=request.user, school=request.school)
    messages.success(request, _("Confirmed for your school. The center sees it."))
    return HttpResponseRedirect(row.school_url)


@require_GET
@school_page(may="notices.read")
def notice_file(request: Any, pk: int, file: int) -> HttpResponse:
    """A file of any version that was published."""
    row = _own(request, pk)
    if not row.versions.filter(files__contains=[file]).exists():
        raise Http404
    return _send(get_object_or_404(NoticeFile, pk=file, notice=row))


@require_GET
@school_page(may="notices.read")
def notice_print(request: Any, pk: int) -> HttpResponse:
    row = _own(request, pk)
    version = reading.of_version(row, whole_number(request.GET.get("version")))
    if version is None:
        raise Http404
    return _print(request, row, version)


def _own(request: Any, pk: int) -> Notice:
    return get_object_or_404(reading.visible(request.school, request.season).select_related("season"), pk=pk)


# both


def _send(row: NoticeFile) -> HttpResponse:
    return files.send(row.file, filename=row.name, content_type=row.media_type)


def _print(request: Any, notice: Notice, shown: Notice | NoticeVersion) -> HttpResponse:
    context = {
        "notice": notice,
        "shown": shown,
        "files": NoticeFile.objects.filter(pk__in=shown.files) if isinstance(shown, NoticeVersion) else [],
        "annexes": annexes.of_season(notice.season) if shown.has_annexes else None,
        "back": reverse(
            "schools:center_notice" if request.membership.is_center else "schools:notice", args=[notice.pk]
        ),
    }
    return render(request, "schools/notice_print.html", context)
