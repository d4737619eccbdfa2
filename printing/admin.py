"""The Django admin of printing, read-only: print runs and shipments of all schools."""

from django.contrib import admin

from portal.admin import TenantAdmin
from printing.models import PrintRun, Shipment


@admin.register(PrintRun)
class PrintRunAdmin(TenantAdmin):
    list_display = ("id", "school", "season", "students", "pages", "created_at", "printed_at")
    list_filter = ("season", "school")


@admin.register(Shipment)
class ShipmentAdmin(TenantAdmin):
    list_display = ("school", "season", "status", "carrier", "tracking_no", "shipped_on", "received_at")
    list_filter = ("season", "status")
