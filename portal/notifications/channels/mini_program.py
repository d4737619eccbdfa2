"""Subscription messages of the mini program. A student agrees in it to each one before it can be sent."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.utils.translation import gettext_lazy

from portal.notification_kinds import Letter
from portal.notifications.channels import templates, wechat_api
from portal.notifications.channels.base import Receipt, Send


class MiniProgram(wechat_api.WeChatChannel):
    name = "mini_program"
    label = gettext_lazy("Mini program")

    @contextmanager
    def connect(self) -> Iterator[Send]:
        client, page = wechat_api.client(self.name), templates.credentials(self.name).get("page", "")

        def send(address: str, letter: Letter, link: str, number: int) -> Receipt:
            template, places, _text = templates.fill(self.name, letter)
            message = {"touser": address, "template_id": template, "data": wechat_api.data_of(places)}
            with wechat_api.translated():
                client.call("message/subscribe/send", message | ({"page": page} if page else {}))
            return Receipt()

        yield send

    def openid_of(self, code: str) -> str:
        """Who it is, by the code of wx.login(). Raises PortalError for one that WeChat does not take."""
        return wechat_api.openid(self.name, "sns/jscode2session", "js_code", code)


CHANNEL = MiniProgram()
