"""What the last proof of the counters has found, for the center."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from portal.access import center_page
from portal.counters import proof


@require_GET
@center_page(may="history.see")
def panel_counters(request: Any) -> HttpResponse:
    """A callout while the last proof has found counters that differ from their rows."""
    last = proof.latest()
    found = last is not None and last.faults and not last.was_repaired
    return render(request, "portal/panel_counters.html", {"proof": last if found else None})
