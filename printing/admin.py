"""The Django admin of printing, read-only: print runs, shipments and hand-over packages of all schools."""

from django.contrib import admin

from portal.admin import TenantAdmin
from printing.models import HandoverPackage, PrintRun, SheetReport, Shipment


@admin.register(PrintRun)
class PrintRunAdmin(TenantAdmin):
    list_display = ("id", "school", "season", "students", "pages", "created_at", "printed_at")
    list_filter = ("season", "school")


@admin.register(Shipment)
class ShipmentAdmin(TenantAdmin):
    list_display = ("school", "season", "status", "carrier", "tracking_no", "shipped_on", "received_at")
    list_filter = ("season", "status")


@admin.register(SheetReport)
class SheetReportAdmin(TenantAdmin):
    list_display = ("school", "season", "status", "reason", "reported_at")
    list_filter = ("season", "status", "reason")


@admin.register(HandoverPackage)
class HandoverPackageAdmin(TenantAdmin):
    list_display = ("school", "season", "number", "status", "students", "made_at", "sent_on", "confirmed_on")
    list_filter = ("season", "status")
