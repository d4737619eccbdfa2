"""What was sent by e-mail, text message and WeChat, what waits, and what could not be sent."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import lazy
from django.utils.translation import gettext, gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_POST

from portal import notification_kinds
from portal.access import center_page
from portal.models import DeliveriesByState, Delivery
from portal.notifications import deliveries
from portal.notifications.channels import all_channels
from portal.pages.form_fields import whole_number
from portal.pages.lists import KeyedList, choice

CHANNELS = [(name, channel.label) for name, channel in all_channels().items() if not channel.is_instant]
title_later = lazy(notification_kinds.title_of, str)  # once: each call makes a class, which takes milliseconds
KINDS = [(name, title_later(name)) for name in notification_kinds.KINDS]


class Deliveries(KeyedList):
    filters = {
        "state": choice("status", Delivery.Status.choices, label=gettext_lazy("State")),
        "channel": choice("channel", CHANNELS, label=gettext_lazy("Channel")),
        "kind": choice("notification__kind", KINDS, label=gettext_lazy("Message")),
    }
    page_size = 50

    @property
    def failed(self) -> int | None:
        """How many failed among those that the filters select; None while they select others, too. Rows that failed have
        an index of their own."""
        return int(self.narrowed().count()) if self.wanted.get("state") == Delivery.Status.FAILED else None


def _all() -> Any:
    return Delivery.objects.select_related("notification", "school")


@require_GET
@center_page(may="deliveries.see")
def delivery_list(request: Any) -> HttpResponse:
    listed = Deliveries(_all(), request.GET)
    for row in listed.shown:
        row.reason = gettext(row.error) if row.error else ""
        row.title = notification_kinds.title_of(row.notification.kind)
        row.channel_label = all_channels()[row.channel].label if row.channel in all_channels() else row.channel
    context = {"listed": listed, "totals": _totals(), "kinds": _kinds()}
    return render(request, "portal/deliveries.html", context)


def _kinds() -> list[tuple[str, str]]:
    named = [(name, notification_kinds.title_of(name)) for name in notification_kinds.KINDS]
    return sorted(named, key=lambda pair: pair[1])


def _totals() -> list[dict[str, Any]]:
    """For each channel: how many in each state, the parts and what they cost in fen."""
    found: dict[str, dict[str, Any]] = {}
    for (channel, status, parts, cost), number in DeliveriesByState.numbers(
        "channel", "status", "parts", "cost_millifen"
    ).items():
        label = dict(CHANNELS).get(channel, channel)
        line = found.setdefault(channel, {"label": label, "parts": 0, "millifen": 0})
        line[status] = line.get(status, 0) + number
        line["parts"] += parts * number
        line["millifen"] += cost * number
    return [line | {"cost_fen": round(line["millifen"] / 1000)} for _name, line in sorted(found.items())]


@require_POST
@center_page(may="deliveries.retry")
def send_again(request: Any) -> HttpResponse:
    """One delivery, or all that failed among those of the list's filters."""
    rows = Deliveries(_all(), request.GET).require_known().narrowed()
    if "delivery" in request.POST:
        rows = rows.filter(pk=whole_number(request.POST["delivery"]))
    number = deliveries.send_again(rows)
    said = ngettext("%(n)d message waits to be sent again.", "%(n)d messages wait to be sent again.", number)
    messages.success(request, said % {"n": number})
    return HttpResponseRedirect(f"{reverse('portal:deliveries')}?{request.GET.urlencode()}")
