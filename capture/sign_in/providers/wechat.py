"""WeChat says whose phone it is. Which student that is, the student has said once, by a stronger way (capture.sign_in.wechat_binding)."""

import logging
from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _gettext
from django.utils.translation import gettext_lazy as _

from capture.sign_in.providers.base import Asked, Strength, Visit, WeChatAccount
from portal.errors import PortalError
from portal.notifications.channels import mini_program, wechat
from portal.notifications.channels.base import ChannelDown
from portal.security import rate_limits

log = logging.getLogger(__name__)
CHANNELS: dict[str, Any] = {each.name: each for each in (wechat.CHANNEL, mini_program.CHANNEL)}
CODES = "600/m"  # of one address of the network: a campus may have one


class OutOfReach(PortalError):
    """Nothing is known of the visitor: WeChat does not answer."""

    status = 503


class TapForm(forms.Form):
    """What comes back from WeChat."""

    code = forms.CharField(max_length=200, widget=forms.HiddenInput)
    channel = forms.ChoiceField(choices=[(name, name) for name in CHANNELS], widget=forms.HiddenInput)


class WeChat:
    name = "wechat"
    title = _("WeChat")
    lead = _("One tap, once your WeChat is linked.")
    proves = _("The WeChat that the student has linked, after a sign-in with as much or more behind it.")
    strength = Strength.HOLDS
    names_newcomers = False

    def is_set_up(self) -> bool:
        return any(channel.is_set_up() for channel in CHANNELS.values())

    def start(self, visit: Visit) -> Asked:
        return Asked(TapForm, template="capture/_wechat.html", begins_at="capture:wechat_begin")

    def identities(self, values: Mapping[str, Any]) -> list[tuple[str, ...]]:
        """None: the code is WeChat's, good once and of this account of ours, and nobody guesses one."""
        return []

    def verify(self, visit: Visit, values: Mapping[str, Any]) -> WeChatAccount:
        rate_limits.refuse_too_many("wechat-code", visit.address, CODES)
        channel = CHANNELS[values["channel"]]
        if not channel.is_set_up():
            raise PortalError(_gettext("WeChat is not set up here."))
        try:
            openid = channel.openid_of(values["code"])
        except ChannelDown as error:
            log.warning("WeChat did not answer who somebody is: %s", error)
            raise OutOfReach(
                _gettext("WeChat does not answer. Try again in a minute, or sign in another way.")
            ) from error
        return WeChatAccount(channel.name, openid)


PROVIDER = WeChat()
