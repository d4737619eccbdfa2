"""The operator's desk: forms, print runs, parcels, decisions of all schools, to look at. Changes go through the portals."""

from django.contrib import admin

from printing.models import Award, Bulletin, Feedback, PrintRun, Proof, Shipment
from schools.admin import ReadOnly, Unscoped


@admin.register(Proof)
class ProofAdmin(Unscoped):
    list_display = ("student", "school", "season", "status", "settled_by_school", "at")
    list_filter = ("season", "status", "settled_by_school", "school")
    search_fields = ("student__student_no__startswith",)
    related = ("student", "school", "season")
    show_full_result_count = False


@admin.register(Feedback)
class FeedbackAdmin(Unscoped):
    list_display = ("school", "season", "status", "students", "quality", "service", "sent_at", "decided_at")
    list_filter = ("season", "status", "quality", "service")
    exclude = ("stamped",)


@admin.register(PrintRun)
class PrintRunAdmin(Unscoped):
    list_display = ("id", "school", "season", "students", "pages", "created_at", "printed_at")
    list_filter = ("season", "school")


@admin.register(Shipment)
class ShipmentAdmin(Unscoped):
    list_display = ("school", "season", "status", "carrier", "tracking_no", "shipped_on", "received_at")
    list_filter = ("season", "status")


@admin.register(Award)
class AwardAdmin(Unscoped):
    list_display = ("rank", "school", "season", "score", "is_commended", "is_criticised", "allowance_fen")
    list_filter = ("season", "is_commended", "is_criticised")


@admin.register(Bulletin)
class BulletinAdmin(ReadOnly):
    list_display = ("title", "season", "published_at")
