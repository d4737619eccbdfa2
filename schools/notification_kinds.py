"""The kinds of notifications that this room sends."""

from django.utils.translation import gettext_lazy as _

from portal.notification_kinds import NotificationKind, register

DAYS = "%(starts_on)s – %(ends_on)s: %(reason)s"

register(
    NotificationKind(
        "exception.granted", _("The center has granted your school more days for the capture"), DAYS, link="/school/"
    ),
    NotificationKind(
        "exception.changed", _("The center has changed the days that it granted your school"), DAYS, link="/school/"
    ),
    NotificationKind(
        "exception.withdrawn", _("The center has withdrawn the days that it granted your school"), DAYS, link="/school/"
    ),
    group="season",
)
