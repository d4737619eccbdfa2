"""How the events of this room read in the history: see portal/event_kinds.py."""

from django.utils.translation import gettext_lazy as _

from portal import event_kinds

event_kinds.register(
    "season",
    {
        "season.ranked": _("Schools ranked"),
        "season.ranking_exported": _("Document of the year's end downloaded"),
        "scoring.changed": _("Weights of the ranking changed"),
    },
)
event_kinds.register(
    "print",
    {
        "award.decided": _("Decision about a school at the year's end"),
        "bulletin.saved": _("Draft of the bulletin saved"),
        "bulletin.published": _("Bulletin published"),
    },
)
event_kinds.register_facts({"sha256": _("Hash of the figures"), "document": _("Document")})
