"""Linking the WeChat of who is signed in, a student or a person of the staff, so that messages reach it."""

import logging
import secrets
from typing import Any

from django.conf import settings
from django.http import HttpResponseRedirect
from django.utils.translation import gettext as _

from portal.errors import PortalError
from portal.history import Actor
from portal.notifications import contacts
from portal.notifications.channels import templates, wechat
from portal.notifications.channels.base import ChannelDown
from portal.tenancy import Tenant

log = logging.getLogger(__name__)
STATE = "wechat_state"  # of the session: what WeChat has to send back


def offer(request: Any) -> dict[str, bool]:
    """For a template with portal/_link_wechat.html."""
    return {
        "can_link": wechat.CHANNEL.is_set_up(),
        "is_inside_wechat": "MicroMessenger" in request.headers.get("User-Agent", "")
        or templates.is_simulated(wechat.CHANNEL.name),
    }


def begin(request: Any, back: str) -> HttpResponseRedirect:
    """To WeChat, which sends the person to our page `back` with a code."""
    if not wechat.CHANNEL.is_set_up():
        raise PortalError(_("WeChat is not set up here."))
    state = request.session[STATE] = secrets.token_urlsafe(16)
    return HttpResponseRedirect(wechat.CHANNEL.authorize_url(settings.SITE_URL + back, state))


def finish(request: Any, person: Actor, *, school: Tenant | None) -> None:
    """Back from WeChat."""
    contacts.bind(person, school=school, channel=wechat.CHANNEL.name, address=openid_of(code_of(request)))


def code_of(request: Any) -> str:
    """The code with which somebody comes back. Without the state that this session was given, it could be another's."""
    state = request.session.pop(STATE, "")
    given = request.GET.dict()
    if not state or not secrets.compare_digest(state, given.get("state", "")):
        raise PortalError(_("This link is used up. Please link your WeChat again."))
    return str(given.get("code", ""))


def openid_of(code: str) -> str:
    try:
        return wechat.CHANNEL.openid_of(code)
    except ChannelDown as error:
        log.warning("WeChat did not answer who somebody is: %s", error)
        raise PortalError(_("WeChat does not answer. Please try again later.")) from error
