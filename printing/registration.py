"""What this room adds to the portal: badges, navigation, panels, jobs."""

from django.utils.translation import gettext_lazy as _

from portal import navigation, panels, status_badges
from portal.status_badges import Badge
from printing import print_runs  # noqa: F401  (registers a kind of job)
from printing.models import Shipment

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
