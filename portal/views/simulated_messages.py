"""The simulator of text messages and of WeChat, for a try on one machine: what it took, and a WeChat to be linked."""

from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import Resolver404, resolve
from django.utils import translation
from django.views.decorators.http import require_GET

from portal import notification_kinds
from portal.access import center_page
from portal.models import Delivery
from portal.notifications import texts
from portal.notifications.channels import all_channels, templates

SHOWN = 100
LEADS_TO = ("wechat_linked", "wechat_signed_in")
PHONES = ("A", "B")  # two people's, to try what happens


def simulated() -> list[str]:
    return [name for name in all_channels() if templates.is_simulated(name)]


@require_GET
@center_page(may="deliveries.see")
def message_list(request: Any) -> HttpResponse:
    """The last messages that were sent, as they stand on the telephone of who gets them."""
    rows = Delivery.objects.filter(channel__in=simulated(), status=Delivery.Status.SENT).select_related("notification")
    found, written = list(rows.order_by("-pk")[:SHOWN]), texts.load()
    for row in found:
        row.channel_label = all_channels()[row.channel].label
        with translation.override(row.language or translation.get_language()):
            row.letter = notification_kinds.render(row.notification.kind, row.notification.parameters, written)
    return render(request, "portal/simulated_messages.html", {"rows": found, "is_here": bool(simulated())})


@require_GET
def wechat(request: Any) -> HttpResponse:
    """What WeChat asks when somebody is sent to it. It leads back to a page of ours and nowhere else."""
    back, state = (request.GET.get(name, "") for name in ("back", "state"))
    try:
        is_ours = templates.is_simulated("wechat") and resolve(back).url_name in LEADS_TO
    except Resolver404:
        is_ours = False
    if not is_ours:
        raise Http404
    phones = [(name, f"{back}?{urlencode({'code': name, 'state': state})}") for name in PHONES]
    return render(request, "portal/simulated_wechat.html", {"phones": phones})
