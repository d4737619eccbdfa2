"""What a person of a school is told."""

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from portal import notifications as rules
from portal.access import school_page
from portal.models import Message

PAGE_SIZE = 30


@school_page
def inbox(request: Any) -> HttpResponse:
    found = rules.inbox(request.user)
    if request.GET.get("unread"):
        found = found.filter(read_at=None)
    page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    unread = rules.inbox(request.user).filter(read_at=None).count()
    return render(request, "portal/messages.html", {"page": page, "unread_number": unread})


@require_POST
@school_page
def open_message(request: Any, message: int) -> HttpResponse:
    """Read a message, and go where it leads."""
    row = get_object_or_404(Message, pk=message, recipient_key=request.user.actor_key)
    rules.mark_read(request.user, only=row)
    return HttpResponseRedirect(row.link or reverse("portal:messages"))


@require_POST
@school_page
def read_all(request: Any) -> HttpResponse:
    rules.mark_read(request.user)
    return HttpResponseRedirect(reverse("portal:messages"))
