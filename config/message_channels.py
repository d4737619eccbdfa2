"""Reads the file of the accounts that send text messages and messages of WeChat; docs/operators.md explains it.

[sms]
provider = "tencent"                      # or "alibaba"
key_id = "AKID…"
key_secret_file = "sms_secret"            # beside the file, or a whole path
signature = "图采"
fen_per_thousand = 4500                   # the price of a thousand parts

[sms.templates.photo_returned]            # a kind of notification; only kinds that stand here go by this channel
id = "1234567"
text = "您的照片被退回:{1}。请重新拍摄。"   # as the provider approved it
fields = { "1" = "reason" }               # what of ours stands in which place of theirs
"""

from typing import Any

from config import credentials_file
from launch.environment import Misconfigured

SETTING = "MESSAGE_CHANNELS"
Channels = dict[str, dict[str, Any]]  # {channel: credentials and templates}
PROVIDERS = ("tencent", "alibaba")
# {channel: (what it needs, what it may have)}
FIELDS: dict[str, tuple[set[str], set[str]]] = {
    "sms": (
        {"provider", "key_id", "key_secret", "signature", "fen_per_thousand"},
        {"app", "region", "address"},
    ),
    "wechat": ({"app", "secret"}, {"address", "authorize_address"}),
    "mini_program": ({"app", "secret"}, {"address", "page"}),
}
TEMPLATE = ({"id", "fields"}, {"text"})
# In place of a file: text messages and WeChat that go nowhere, for a try on one machine. They carry every kind.
SIMULATOR = "simulator"
SIMULATED: Channels = {
    "sms": {"provider": SIMULATOR, "signature": "图采", "fen_per_thousand": "4500", "templates": {}},
    "wechat": {"provider": SIMULATOR, "templates": {}},
}


def read(path: str, *, is_local: bool) -> Channels:
    """{channel: its credentials, with "templates": {kind: {"id", "text", "fields"}}}.

    `is_local`: a first try on one machine. Elsewhere the simulator is refused: nobody would get what it takes.
    """
    if path == SIMULATOR:
        if not is_local:
            raise Misconfigured(
                f"{SETTING}={SIMULATOR} 只能用于本机试用:短信与微信消息不会送达任何人。",
                f"{SETTING}={SIMULATOR} is for a try on one machine: what it takes reaches nobody.",
            )
        return SIMULATED
    return {name: _channel(path, name, given) for name, given in credentials_file.load(SETTING, path).items()}


def _channel(path: str, name: str, given: object) -> dict[str, Any]:
    if name not in FIELDS or not isinstance(given, dict):
        known = ", ".join(FIELDS)
        raise _wrong(path, f"中有未知的 [{name}],应为 {known}", f"has something unknown, [{name}]; known are {known}")
    templates = given.pop("templates", {})
    found: dict[str, Any] = {
        field.removesuffix("_file"): credentials_file.value(SETTING, path, field, str(value))
        for field, value in given.items()
    }
    _check(path, name, set(found), *FIELDS[name])
    if name == "sms":
        _check_sms(path, found)
    for kind, template in templates.items():
        where = f"{name}.templates.{kind}"
        if not isinstance(template, dict) or not isinstance(template.get("fields", {}), dict):
            raise _wrong(path, f"中 [{where}] 的写法有误", f"has [{where}] in a wrong form")
        _check(path, where, set(template), *TEMPLATE)
        if name == "sms" and not template.get("text"):
            raise _wrong(path, f"中 [{where}] 缺少 text", f"lacks in [{where}]: text")
    return found | {"templates": templates}


def _check_sms(path: str, found: dict[str, Any]) -> None:
    if found["provider"] not in PROVIDERS:
        allowed = ", ".join(PROVIDERS)
        raise _wrong(path, f"中 [sms] 的 provider 应为 {allowed} 之一", f"needs a provider in [sms], one of {allowed}")
    if found["provider"] == "tencent" and not found.get("app"):
        raise _wrong(path, "中 [sms] 缺少 app(短信应用的 SdkAppId)", "lacks in [sms]: app (the SdkAppId)")
    price = found["fen_per_thousand"]
    if not (price.isascii() and price.isdigit() and 0 < int(price) < 1_000_000):
        raise _wrong(
            path,
            "中 [sms] 的 fen_per_thousand 应为每千条的价格,以分为单位的整数",
            "needs in [sms] fen_per_thousand, the price of a thousand parts as a whole number of fen",
        )


def _check(path: str, where: str, given: set[str], needed: set[str], optional: set[str]) -> None:
    missing, unknown = sorted(needed - given), sorted(given - needed - optional)
    if missing:
        words = ", ".join(missing)
        raise _wrong(path, f"中 [{where}] 缺少 {words}", f"lacks in [{where}]: {words}")
    if unknown:
        words = ", ".join(unknown)
        raise _wrong(path, f"中 [{where}] 有未知的 {words}", f"has something unknown in [{where}]: {words}")


def _wrong(path: str, chinese: str, english: str) -> Misconfigured:
    return credentials_file.wrong(SETTING, path, chinese, english)
