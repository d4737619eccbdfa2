"""Template messages of the center's official account, to those who follow it and have linked their WeChat."""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote, urlencode, urlsplit

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext_lazy

from portal.notification_kinds import Letter
from portal.notifications.channels import templates, wechat_api
from portal.notifications.channels.base import Receipt, Send

AUTHORIZE = "https://open.weixin.qq.com"


class WeChat(wechat_api.WeChatChannel):
    name = "wechat"
    label = gettext_lazy("WeChat")

    @contextmanager
    def connect(self) -> Iterator[Send]:
        if templates.is_simulated(self.name):
            yield lambda address, letter, link, number: Receipt(reference=f"simulator-{number}")
            return
        client = wechat_api.client(self.name)

        def send(address: str, letter: Letter, link: str, number: int) -> Receipt:
            template, places, _text = templates.fill(self.name, letter)
            message = {"touser": address, "template_id": template, "data": wechat_api.data_of(places)}
            if link:
                message["url"] = settings.SITE_URL + link
            with wechat_api.translated():
                told = client.call("message/template/send", message | {"client_msg_id": f"delivery-{number}"})
            return Receipt(reference=str(told.get("msgid", "")))

        yield send

    def authorize_url(self, back: str, state: str) -> str:
        """Where WeChat's own browser is sent to say who it is; it comes to `back` with `code` and `state`."""
        if templates.is_simulated(self.name):
            return f"{reverse('portal:simulated_wechat')}?{urlencode({'back': urlsplit(back).path, 'state': state})}"
        account = templates.credentials(self.name)
        begin = account.get("authorize_address") or AUTHORIZE
        return (
            f"{begin}/connect/oauth2/authorize?appid={account['app']}&redirect_uri={quote(back, safe='')}"
            f"&response_type=code&scope=snsapi_base&state={state}#wechat_redirect"
        )

    def openid_of(self, code: str) -> str:
        """Who it is, by the code that WeChat sent along. Raises PortalError for one that it does not take."""
        if templates.is_simulated(self.name):
            return f"simulated-{code}"
        return wechat_api.openid(self.name, "sns/oauth2/access_token", "code", code)


CHANNEL = WeChat()
