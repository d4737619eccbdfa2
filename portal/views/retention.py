"""The page of what is kept how long, and what the last night deleted."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from portal.access import center_page
from portal.privacy import retention


@require_GET
@center_page(may="retention.see")
def retention_page(request: Any) -> HttpResponse:
    report = retention.last_report()
    deleted = report.result.get("deleted", {}) if report else {}
    rows = [
        {
            "rule": rule,
            "due": rule.due(rule.before) if rule.before else 0,
            "deleted": deleted.get(rule.name),
        }
        for rule in retention.RULES.values()
    ]
    return render(request, "portal/retention.html", {"rows": rows, "report": report})
