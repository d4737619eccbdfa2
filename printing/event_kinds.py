"""How the events of this room read in the history: see portal/event_kinds.py."""

from django.utils.translation import gettext_lazy as _

from portal import event_kinds
from printing.models import HandoverPackage, SheetReport, Shipment

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
        "shipment.sheets_missing": _("Sheets reported as missing"),
        "shipment.sheets_damaged": _("Sheets reported as damaged"),
    },
)
event_kinds.register(
    "student",
    {
        "student.sheet_missing": _("To be printed again: the sheet is missing"),
        "student.sheet_damaged": _("To be printed again: the sheet is damaged"),
        "student.sheet_found": _("Not printed again: the sheet was found"),
    },
)
event_kinds.register(
    "photo",
    {
        "portraits.downloaded": _("Electronic portraits downloaded"),
    },
)
event_kinds.register_states(Shipment, _("Shipment"), subject="print")
event_kinds.register_states(SheetReport, _("Missing or damaged sheet"), subject="print")
event_kinds.register_subject("handover", _("Hand-over to the registry"), order=95)
event_kinds.register(
    "handover",
    {
        "receiver.entered": _("Certificate of the registry entered"),
        "handoverpackage.made_again": _("Package for the registry made again"),
        "handoverpackage.receipt_changed": _("Answer of the registry changed"),
    },
)
event_kinds.register_states(HandoverPackage, _("Package for the registry"), subject="handover")
event_kinds.register_facts(
    {
        "fingerprint_before": _("Fingerprint before"),
        "content_sha256": _("SHA-256 of the content"),
        "sealed_sha256": _("SHA-256 of the encrypted file"),
        "has_differences": _("The registry reports differences"),
    },
    dates={"sent_on"},
)
event_kinds.register_facts(
    {"missing": _("Student numbers without a portrait"), "student_nos": _("Student numbers left out")},
    hidden={"run", "shipment"},
)
