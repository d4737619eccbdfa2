"""The notification of the year's end."""

from django.utils.translation import gettext_lazy as _

from portal.notification_kinds import NotificationKind, register

register(
    NotificationKind(
        "bulletin.published",
        "%(title)s",
        _("The center has published its bulletin on the season."),
        link="/school/bulletin/",
        is_urgent=False,
    ),
    group="season",
)
