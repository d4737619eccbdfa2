"""What printing adds to the portal: permissions, event kinds, badges, navigation, panels, a job."""

from django.utils.translation import gettext_lazy as _

from portal import event_kinds, navigation, panels, permissions, status_badges
from portal.permissions import CENTER, EVERYBODY, SCHOOL
from portal.status_badges import Badge
from printing import print_runs  # noqa: F401  (registers a kind of job)
from printing.models import Shipment

permissions.register("prints.see", _("See print runs and parcels"), roles=EVERYBODY)
permissions.register("prints.order", _("Order and build print runs"), roles=CENTER)
permissions.register("prints.download", _("Download sheets to print"), roles=CENTER)
permissions.register("prints.ship", _("Ship a parcel"), roles=CENTER)
permissions.register("prints.receive", _("Confirm a parcel"), roles=SCHOOL)
permissions.register("portraits.download", _("Download the portraits as an archive"), roles=EVERYBODY)

event_kinds.register_subject("print", _("Printing and shipment"), order=90)
event_kinds.register(
    "print",
    {
        "printrun.created": _("Sheets ordered"),
        "printrun.left_out": _("Students left out of the print run"),
        "printrun.printed": _("Sheets printed"),
        "printrun.contents_downloaded": _("Packing list downloaded"),
        "volume.downloaded": _("Volume of sheets downloaded"),
        "sheets.written": _("Sheets written to files"),
        "shipment.shipped": _("Parcel sent"),
        "shipment.received": _("Parcel received"),
    },
)
event_kinds.register(
    "photo",
    {
        "portraits.downloaded": _("Electronic portraits downloaded"),
    },
)
event_kinds.register_states(Shipment, _("Shipment"), subject="print")
event_kinds.register_facts(hidden={"run", "shipment"})

status_badges.register(
    Shipment,
    {
        Shipment.Status.SHIPPED: Badge("sky", "truck"),
        Shipment.Status.RECEIVED: Badge("ok", "check-badge"),
    },
)

navigation.register("school", "printing:prints", _("Prints"), "printer", order=70)
navigation.register("center", "printing:center_runs", _("Print runs"), "printer", order=90)
navigation.register("center", "printing:center_shipments", _("Shipments"), "truck", order=100)
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
