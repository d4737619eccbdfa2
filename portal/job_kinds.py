"""The words for kinds of jobs."""

from typing import Any

from django.utils.translation import gettext_lazy as _

LABELS: dict[str, Any] = {
    "roster_read": _("Reading a roster"),
    "roster_apply": _("Importing a roster"),
    "sheets": _("Making the sheets"),
    "daily_check": _("Daily check"),
    "portrait": _("Making a portrait in another frame"),
    "portraits_again": _("Making portraits on another background"),
    "rejudge": _("Judging photos again under the limits in force"),
    "purge": _("Deleting expired originals"),
    "demo": _("Demo season: photographing and judging"),
}


def label_of(kind: str) -> Any:
    return LABELS.get(kind, kind)
