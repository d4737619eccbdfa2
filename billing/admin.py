"""The Django admin of billing, read-only: accounts, orders, ledger entries, stored callbacks.

When the ledger refused a payment, the callback's `outcome` says why. Changes are made in the
portals.
"""

from django.contrib import admin

from billing.models import Callback, FeeAccount, LedgerEntry, Order, SchoolRefund, Settlement
from portal.admin import ReadOnlyAdmin, TenantAdmin


@admin.register(FeeAccount)
class FeeAccountAdmin(TenantAdmin):
    list_display = ("school", "season", "settled_at")
    list_filter = ("season", "school")


@admin.register(Order)
class OrderAdmin(TenantAdmin):
    list_display = ("number", "school", "season", "student", "status", "amount_fen", "created_at", "paid_at")
    list_filter = ("season", "status", "provider", "school")
    search_fields = ("number__exact",)
    related = ("student", "school", "season")
    show_full_result_count = False


@admin.register(LedgerEntry)
class LedgerEntryAdmin(TenantAdmin):
    list_display = ("at", "school", "kind", "amount_fen", "order", "reference", "booked_on", "by")
    list_filter = ("kind", "school")
    search_fields = ("reference__exact",)
    related = ("school", "order", "by")
    show_full_result_count = False


@admin.register(Callback)
class CallbackAdmin(ReadOnlyAdmin):
    list_display = ("received_at", "provider", "external_id", "order_number", "verified", "outcome", "resolved_at")
    list_filter = ("provider", "verified", "is_refused")
    search_fields = ("external_id__exact", "outcome")
    readonly_fields = ("headers", "body")


@admin.register(SchoolRefund)
class SchoolRefundAdmin(TenantAdmin):
    list_display = ("asked_at", "school", "status", "amount_fen", "asked_by", "decided_by")
    list_filter = ("status", "account__season", "school")
    related = ("school", "asked_by", "decided_by")


@admin.register(Settlement)
class SettlementAdmin(TenantAdmin):
    list_display = ("as_of", "school", "number", "status", "students", "amount_fen", "proposed_by", "decided_by")
    list_filter = ("status", "account__season", "school")
    related = ("school", "proposed_by", "decided_by")
