"""The notifications of printing."""

from django.utils.translation import gettext_lazy as _

from portal.notification_kinds import NotificationKind, register

register(
    NotificationKind(
        "printrun.printed",
        _("The photos of %(n)d of your students are printed"),
        _("You will be told again when they are on their way."),
        link="/school/prints/",
        is_urgent=False,
        may="prints.see",
    ),
    NotificationKind(
        "shipment.shipped",
        _("Your photos are on their way"),
        _("%(carrier)s, number %(number)s. Please confirm here once the parcel has arrived."),
        link="/school/prints/",
        may="prints.see",
    ),
    NotificationKind(
        "shipment.remarked",
        _("%(school)s has remarked on a parcel"),
        _("“%(remarks)s” Single sheets that are missing or damaged are reported by student, and stand in a list."),
        link="/center/shipments/",
        may="prints.ship",
    ),
    NotificationKind(
        "shipment.lacking",
        _("%(school)s reports %(n)d sheets as missing or damaged"),
        _("Order them in a run of their own and send them; the list has the students."),
        link="/center/printing/again/?state=waiting",
        may="prints.ship",
    ),
    NotificationKind(
        "shipment.received",
        _("Your printed photos have arrived at your school"),
        _("Ask the person in charge at your school when and where they are handed out."),
        link="/me/",
        is_urgent=False,
    ),
    group="print",
)
