"""The Django admin of proofing, read-only: proofs and feedback forms of all schools."""

from django.contrib import admin

from portal.admin import TenantAdmin
from proofing.models import Feedback, Proof


@admin.register(Proof)
class ProofAdmin(TenantAdmin):
    list_display = ("student", "school", "season", "status", "confirmed_by_school", "at")
    list_filter = ("season", "status", "confirmed_by_school", "school")
    search_fields = ("student__student_no__startswith",)
    related = ("student", "school", "season")
    show_full_result_count = False


@admin.register(Feedback)
class FeedbackAdmin(TenantAdmin):
    list_display = ("school", "season", "status", "students", "quality", "service", "sent_at", "decided_at")
    list_filter = ("season", "status", "quality", "service")
    exclude = ("stamped",)
