"""WeChat's interface for messages: an official account's and a mini program's are the same service."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import requests
from django.core.cache import cache
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from wechatpy import WeChatClient
from wechatpy.exceptions import WeChatClientException
from wechatpy.session import SessionStorage

from portal.errors import PortalError
from portal.notification_kinds import NotificationKind
from portal.notifications.channels import templates
from portal.notifications.channels.base import DeliveryError, Recipient, Unavailable

SECONDS = 10
# By WeChat's error codes: whether it is about the person's binding, and what the center reads.
REFUSALS: dict[int, tuple[bool, str]] = {
    40003: (True, gettext_noop("WeChat does not know this person here any more. They have to link WeChat again.")),
    43004: (True, gettext_noop("The person does not follow the official account.")),
    43101: (False, gettext_noop("The person has not agreed in the mini program to be told this.")),
    43116: (True, gettext_noop("The person has blocked the messages of the official account.")),
}
# The account is why, or WeChat is busy: everything waits.
ACCOUNT = frozenset({-1, 40001, 40013, 40014, 40125, 40164, 41002, 41004, 42001, 45009, 45011, 48001, 50002})
# How long a value may be, by the beginning of the field's name.
LONGEST = {"thing": 20, "short_thing": 5, "phrase": 5, "name": 10, "character_string": 32, "const": 20, "number": 32}
LONGEST_OF_OTHERS = 32


class WeChatChannel:
    """What the channels of the official account and of the mini program have in common."""

    name: str
    is_instant, keeps_quiet_hours = False, True

    def is_set_up(self) -> bool:
        return bool(templates.credentials(self.name))

    def carries(self, kind: NotificationKind) -> bool:
        return templates.has_template(self.name, kind)

    def address_of(self, recipient: Recipient) -> str:
        return ""  # the openid is a Contact's


class Tokens(SessionStorage):
    """The access token, for all workers: a new one ends the old one."""

    def get(self, key: str, default: Any = None) -> Any:
        return cache.get(f"wechat:{key}", default)

    def set(self, key: str, value: Any, ttl: int | None = None) -> None:
        if value is not None:
            cache.set(f"wechat:{key}", value, max(ttl - 300, 1) if ttl else None)

    def delete(self, key: str) -> None:
        cache.delete(f"wechat:{key}")


class Client(WeChatClient):
    """wechatpy's, that asks for a new access token at most once a call."""

    def __init__(self, account: Mapping[str, Any]) -> None:
        super().__init__(account["app"], account["secret"], session=Tokens(), timeout=SECONDS)
        if account.get("address"):
            self.API_BASE_URL = f"{account['address'].rstrip('/')}/cgi-bin/"
        self.root = self.API_BASE_URL.removesuffix("cgi-bin/")

    @property
    def access_token(self) -> str:
        token = self.session.get(self.access_token_key)
        if not token:
            self.fetch_access_token()
            token = self.session.get(self.access_token_key)
        return str(token)

    def fetch_access_token(self) -> Any:
        """With a time limit, which wechatpy's own has not. A token that was refused anew is not asked for again."""
        self.auto_retry = False
        asked = {"grant_type": "client_credential", "appid": self.appid, "secret": self.secret, "access_token": ""}
        told = self.get(f"{self.API_BASE_URL}token", params=asked)
        self.session.set(self.access_token_key, told["access_token"], told["expires_in"])
        return told

    def call(self, path: str, data: Mapping[str, Any]) -> Any:
        """A POST to /cgi-bin/, where wechatpy's own methods stop at one host."""
        self.auto_retry = True
        return self.post(f"{self.API_BASE_URL}{path}", data=dict(data))


def client(channel: str) -> Client:
    account = templates.credentials(channel)
    if not account:
        raise Unavailable(f"MESSAGE_CHANNELS has no [{channel}].")
    return Client(account)


@contextmanager
def translated() -> Iterator[None]:
    """WeChat's refusals as ours."""
    try:
        yield
    except WeChatClientException as error:
        if error.errcode is None or error.errcode in ACCOUNT:
            raise Unavailable(f"WeChat: {error.errcode} {error.errmsg}") from error
        is_about_person, reason = REFUSALS.get(error.errcode, (False, f"WeChat: {error.errcode} {error.errmsg}"))
        raise DeliveryError(reason, permanent=True, is_about_address=is_about_person) from error
    except requests.RequestException as error:
        raise Unavailable(f"WeChat: {type(error).__name__}") from error


def data_of(places: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """The values as WeChat takes them: each kind of field has its length."""
    return {
        name: {"value": templates.shorten(value, LONGEST.get(re.sub(r"\d+$", "", name), LONGEST_OF_OTHERS)) or "-"}
        for name, value in places.items()
    }


def openid(channel: str, path: str, name: str, code: str) -> str:
    """The person's number at this account of ours, for a code that WeChat gave."""
    found = client(channel)
    asked = {"appid": found.appid, "secret": found.secret, name: code, "grant_type": "authorization_code"}
    try:
        with translated():
            told = found.get(f"{found.root}{path}", params=asked | {"access_token": ""})
    except DeliveryError as error:
        raise PortalError(_("WeChat did not say who you are. Please try again.")) from error
    if not isinstance(told, dict) or not told.get("openid"):
        raise PortalError(_("WeChat did not say who you are. Please try again."))
    return str(told["openid"])
