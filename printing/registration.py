"""What this room adds to the portal: badges, navigation, panels, jobs."""

import datetime as dt

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from portal import files
from portal.models import Job
from portal.pages import navigation, panels, status_badges
from portal.pages.panels import PageLink
from portal.pages.status_badges import Badge
from portal.privacy import retention
from printing import portrait_archive, print_orders, print_runs  # noqa: F401  (register kinds of jobs)
from printing.handover import packages
from printing.models import HandoverPackage, PrintRun, SheetReport, Shipment, Volume
from schools.models import Enrolment, Season
from schools.register import columns
from schools.register.columns import Choices, Column
from schools.seasons import season_objects, unfinished
from students.privacy import own_data

season_objects.register(
    {
        "center/printing/": (PrintRun, "season"),
        "center/printing/orders/": (Job, "season"),
        "school/prints/": (PrintRun, "season"),
        "center/volumes/": (Volume, "run__season"),
        "school/shipments/": (Shipment, "season"),
        "school/sheet-reports/": (SheetReport, "season"),
        "center/handover/packages/": (HandoverPackage, "season"),
        "center/handover/schools/": (Enrolment, "season"),
    }
)
status_badges.register(
    Shipment,
    {
        Shipment.Status.SHIPPED: Badge("sky", "truck"),
        Shipment.Status.RECEIVED: Badge("ok", "check-badge"),
    },
)
status_badges.register(
    SheetReport,
    {
        SheetReport.Status.REPORTED: Badge("look", "clock"),
        SheetReport.Status.PRINTED: Badge("ok", "printer"),
        SheetReport.Status.WITHDRAWN: Badge("", "x-mark"),
    },
)
own_data.register_objects(
    "printing.sheetreport",
    lambda student: list(SheetReport.objects.filter(student=student).values_list("pk", flat=True)),
)
status_badges.register(
    HandoverPackage,
    {
        HandoverPackage.Status.ORDERED: Badge("", "clock"),
        HandoverPackage.Status.MADE: Badge("look", "lock-closed"),
        HandoverPackage.Status.SENT: Badge("sky", "paper-airplane"),
        HandoverPackage.Status.RECEIVED: Badge("ok", "check-badge"),
    },
)

navigation.register("school", "printing:prints", _("Prints"), "printer", order=70)
navigation.register("center", "printing:center_runs", _("Print batches"), "printer", order=90)
navigation.register("center", "printing:center_shipments", _("Shipments"), "truck", order=100)
navigation.register("center", "printing:handover", _("Hand-over to the registry"), "building-library", order=105)
panels.add_panel(
    "center.dashboard",
    "printing:panel_printing",
    page="printing:center_runs",
    label=_("Printing and delivery"),
    order=80,
    css="foot",
)
panels.add_panel("center.school", "printing:panel_school", order=30)
panels.add_panel("school.next_step", "printing:panel_next")
# Whoever is limited to some students does not see the page of prints, where the others download theirs.
panels.add_link(
    "students:roster",
    PageLink(
        "printing:archive",
        _("Portraits of these students"),
        "photo",
        lambda request: bool(request.membership and request.membership.is_limited),
    ),
)


def _old_sheets(before: dt.datetime) -> QuerySet[Volume]:
    return Volume.objects.filter(run__printed_at__lt=before).exclude(file="")


def _delete_sheets(before: dt.datetime) -> int:
    rows = list(_old_sheets(before))
    for row in rows:
        files.delete([row.file.name])
        Volume.objects.filter(pk=row.pk).update(file="", file_size=0)
    return len(rows)


retention.register(
    "sheets",
    _("Sheets that are printed"),
    setting="KEEP_SHEETS_DAYS",
    due=lambda before: _old_sheets(before).count(),
    delete=_delete_sheets,
)


def _read_deliveries(season: Season) -> dict[int, str]:
    """{school: the state of its parcels, of which one on its way counts first}."""
    rows = Shipment.objects.filter(season=season).order_by().values_list("school_id", "status")
    found = dict(rows)
    return found | {school: status for school, status in rows if status == Shipment.Status.SHIPPED}


columns.register(
    "deliveries",
    read=_read_deliveries,
    empty="",
    columns=[
        Column(
            "delivery",
            _("Delivery"),
            lambda status: status,
            kind="state",
            model="printing.shipment",
            labels=dict(Shipment.Status.choices),
            link=lambda school, status: f"{reverse('printing:center_shipments')}?q={school.code}" if status else "",
        )
    ],
    filters=[
        Choices(
            "delivery",
            _("Delivery"),
            {"none": (_("Nothing shipped"), lambda status: not status)}
            | {value: (label, lambda status, value=value: status == value) for value, label in Shipment.Status.choices},
        )
    ],
    may="prints.see",
    order=40,
)
unfinished.register(
    _("Schools that have not received their prints"),
    lambda season: Enrolment.objects.filter(season=season).exclude(status=Enrolment.Status.RECEIVED).count(),
    "schools:schools",
    query="state=unreceived",
    order=40,
)
unfinished.register(
    _("Schools whose portraits the registry has not confirmed"),
    lambda season: packages.unconfirmed(Enrolment.objects.filter(season=season)).count(),
    "printing:handover",
    order=45,
)
