"""The inbox of a person of a school or of the center. The addresses below school/ serve both."""

from typing import Any

from django.db.models import Q
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from portal.access import staff_page
from portal.models import Notification
from portal.notifications.channels import inbox
from portal.pages.lists import List, cases


class Inbox(List):
    filters = {"unread": cases({"1": (_("Unread"), Q(read_at=None))}, label=_("Unread"))}
    page_size = 30


@staff_page(may="messages.read")
def message_list(request: Any) -> HttpResponse:
    messages = inbox.notifications_of(request.user)
    # Messages belong to a person. A visitor is not the school's administrator, and must not take the own ones for theirs.
    listed = Inbox(messages.none() if request.visit else messages, request.GET)
    context = {
        "inbox": listed,
        "page": listed.page,
        "entries": inbox.entries(listed.page),
        "unread_number": listed.counts("unread")["1"],
    }
    return render(request, "portal/messages.html", context)


@require_POST
@staff_page(may="messages.read")
def open_message(request: Any, message: int) -> HttpResponse:
    """Mark a message as read and redirect to its link."""
    row = get_object_or_404(Notification, pk=message, recipient_key=request.user.actor_key)
    inbox.mark_read(request.user, pk=row.pk)
    return HttpResponseRedirect(row.link or _home(request))


@require_POST
@staff_page(may="messages.read")
def read_all(request: Any) -> HttpResponse:
    inbox.mark_read(request.user)
    return HttpResponseRedirect(_home(request))


def _home(request: Any) -> str:
    return reverse("portal:center_messages" if request.membership.is_center else "portal:messages")
