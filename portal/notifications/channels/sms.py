"""Text messages, by Tencent Cloud or Alibaba Cloud. Both send only texts that they have approved, with our values in
numbered or named places.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol
from urllib.parse import urlsplit

from django.utils.translation import gettext_lazy, gettext_noop

from portal.notification_kinds import Letter, NotificationKind
from portal.notifications.channels import templates
from portal.notifications.channels.base import DeliveryError, Receipt, Recipient, Send, Unavailable

SECONDS = 10  # that a provider has for its answer
ONE_PART, OF_SEVERAL = 70, 67  # characters of a text message, and of each part of a longer one
LONGEST_VALUE = 35  # characters in one place; Alibaba takes no more
MOBILE = re.compile(r"(?:\+?86)?(1[3-9]\d{9})")
NO_MOBILE = gettext_noop("This is no mobile number of mainland China.")
# What the providers say of a number, by their codes. Everything else is said in their words.
ABOUT_NUMBER = {
    "FailedOperation.PhoneNumberInBlacklist": gettext_noop("The owner of this number wants no text messages."),
    "InvalidParameterValue.IncorrectPhoneNumber": NO_MOBILE,
    "isv.MOBILE_NUMBER_ILLEGAL": NO_MOBILE,
    "isv.BLACK_KEY_CONTROL_LIMIT": gettext_noop("The text holds a word that the provider does not send."),
}
OF_ADDRESS = frozenset(ABOUT_NUMBER) - {"isv.BLACK_KEY_CONTROL_LIMIT"}
TOO_OFTEN = gettext_noop("The provider's limit for one number is reached. It is tried again later.")
LIMITS = ("LimitExceeded.", "isv.BUSINESS_LIMIT_CONTROL", "isv.DAY_LIMIT_CONTROL", "isv.OUT_OF_SERVICE")
# The account, not the message, is why: everything waits until the operator has put it right.
ACCOUNT = (
    "AuthFailure",
    "UnauthorizedOperation",
    "RequestLimitExceeded",
    "InternalError",
    "FailedOperation.InsufficientBalanceInSmsPackage",
    "InvalidAccessKeyId",
    "SignatureDoesNotMatch",
    "Throttling",
    "isp.",
    "isv.AMOUNT_NOT_ENOUGH",
    "isv.ACCOUNT_",
)


def count_parts(text: str) -> int:
    """As the operators in China count: the signature in its brackets is part of the text."""
    return 1 if len(text) <= ONE_PART else -(-len(text) // OF_SEVERAL)


def mobile(number: str) -> str:
    """Eleven figures, or nothing when it is no mobile number of mainland China."""
    found = MOBILE.fullmatch(re.sub(r"[\s()-]", "", number))
    return found[1] if found else ""


class Sms:
    name, is_instant, keeps_quiet_hours = "sms", False, True
    label = gettext_lazy("Text message")

    def is_set_up(self) -> bool:
        return bool(templates.credentials(self.name))

    def carries(self, kind: NotificationKind) -> bool:
        return templates.has_template(self.name, kind)

    def address_of(self, recipient: Recipient) -> str:
        return mobile(recipient.phone)

    @contextmanager
    def connect(self) -> Iterator[Send]:
        account = templates.credentials(self.name)
        if not account:
            raise Unavailable("MESSAGE_CHANNELS has no [sms].")
        provider = PROVIDERS[account["provider"]](account)

        def send(address: str, letter: Letter, link: str, number: int) -> Receipt:
            template, places, text = templates.fill(self.name, letter)
            places = {place: templates.shorten(value, LONGEST_VALUE) for place, value in places.items()}
            charged, reference = provider.send(address, template, places, number)
            parts = charged or count_parts(f"【{account['signature']}】" + _filled(text, places))
            return Receipt(parts, parts * int(account["fen_per_thousand"]), reference)

        yield send


def _filled(text: str, places: Mapping[str, str]) -> str:
    """Tencent writes {1}, Alibaba ${name}."""
    return re.sub(r"\$?\{(\w+)\}", lambda found: places.get(found[1], ""), text)


def refusal(code: str, message: str) -> Exception:
    """What the provider's code means for this message, or for all of them."""
    if code.startswith(LIMITS):
        return DeliveryError(TOO_OFTEN, permanent=False)
    if code.startswith(ACCOUNT):
        return Unavailable(f"{code}: {message}")
    reason = ABOUT_NUMBER.get(code, f"{code}: {message}")
    return DeliveryError(reason, permanent=True, is_about_address=code in OF_ADDRESS)


class Provider(Protocol):
    def send(self, address: str, template: str, places: Mapping[str, str], number: int) -> tuple[int, str]:
        """(parts charged, 0 if it does not say; the provider's number). Raises DeliveryError or Unavailable."""
        ...


class Tencent:
    """API 3.0 of Tencent Cloud, signed with TC3-HMAC-SHA256 by its SDK."""

    def __init__(self, account: Mapping[str, str]) -> None:
        from tencentcloud.common.credential import Credential
        from tencentcloud.common.profile.client_profile import ClientProfile
        from tencentcloud.common.profile.http_profile import HttpProfile
        from tencentcloud.sms.v20210111.sms_client import SmsClient

        address = urlsplit(account.get("address") or "https://sms.tencentcloudapi.com")
        http = HttpProfile(protocol=address.scheme, endpoint=address.netloc, reqTimeout=SECONDS, keepAlive=True)
        credential = Credential(account["key_id"], account["key_secret"])
        region = account.get("region") or "ap-guangzhou"
        self.client = SmsClient(credential, region, ClientProfile(httpProfile=http))
        self.account = account

    def send(self, address: str, template: str, places: Mapping[str, str], number: int) -> tuple[int, str]:
        from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
        from tencentcloud.sms.v20210111.models import SendSmsRequest

        asked = SendSmsRequest()
        asked.SmsSdkAppId, asked.SignName, asked.TemplateId = self.account["app"], self.account["signature"], template
        asked.TemplateParamSet = [places[place] for place in sorted(places, key=int)]
        asked.PhoneNumberSet, asked.SessionContext = [f"+86{address}"], f"delivery-{number}"
        try:
            (status,) = self.client.SendSms(asked).SendStatusSet
        except TencentCloudSDKException as error:
            code = str(error.get_code())
            if not error.get_request_id():  # no answer of Tencent's: the network, or something else than JSON
                raise Unavailable(f"{code}: {error.get_message()}") from error
            raise refusal(code, str(error.get_message())) from error
        except (TypeError, ValueError) as error:
            raise Unavailable(f"Tencent's answer has another form: {error}") from error
        if status.Code != "Ok":
            raise refusal(status.Code, status.Message)
        return status.Fee, status.SerialNo


class Alibaba:
    """SendSms of 2017-05-25, signed with ACS3-HMAC-SHA256 by Alibaba's SDK."""

    def __init__(self, account: Mapping[str, str]) -> None:
        from alibabacloud_dysmsapi20170525.client import Client
        from alibabacloud_tea_openapi.utils_models import Config

        address = urlsplit(account.get("address") or "https://dysmsapi.aliyuncs.com")
        config = Config(
            access_key_id=account["key_id"],
            access_key_secret=account["key_secret"],
            protocol=address.scheme,
            endpoint=address.netloc,
            connect_timeout=SECONDS * 1000,
            read_timeout=SECONDS * 1000,
        )
        self.client, self.account = Client(config), account

    def send(self, address: str, template: str, places: Mapping[str, str], number: int) -> tuple[int, str]:
        from alibabacloud_dysmsapi20170525.models import SendSmsRequest
        from darabonba.exceptions import DaraException, UnretryableException

        asked = SendSmsRequest(
            phone_numbers=address,
            sign_name=self.account["signature"],
            template_code=template,
            template_param=json.dumps(places, ensure_ascii=False),
            out_id=f"delivery-{number}",
        )
        try:
            told = self.client.send_sms(asked).body
        except (DaraException, UnretryableException) as error:
            code: Any = getattr(error, "code", None)
            status = getattr(error, "status_code", None)
            if not isinstance(code, str) or code in ("", "None") or status is None or status >= 500:
                raise Unavailable(str(error)) from error
            raise refusal(code, str(error.message)) from error
        except OSError as error:
            raise Unavailable(str(error)) from error
        if told is None or not told.code:
            raise Unavailable("Alibaba's answer has another form")
        if told.code != "OK":
            raise refusal(told.code, told.message)
        return 0, told.biz_id


class Simulator:
    """Sends nothing. The page of the simulator shows what it took."""

    def __init__(self, account: Mapping[str, str]) -> None:
        pass

    def send(self, address: str, template: str, places: Mapping[str, str], number: int) -> tuple[int, str]:
        return 0, f"simulator-{number}"


PROVIDERS: dict[str, Callable[[Mapping[str, str]], Provider]] = {
    "tencent": Tencent,
    "alibaba": Alibaba,
    "simulator": Simulator,
}
CHANNEL = Sms()
