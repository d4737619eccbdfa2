"""Reads the file of the merchants that take the students' payments; docs/operators.md explains it.

[wechat-2026]                             # our name of the merchant: the orders remember it
provider = "wechat"
merchant = "1900000109"
private_key_file = "apiclient_key.pem"    # beside the file, or a whole path
"""

import re
from dataclasses import dataclass

from config import credentials_file
from launch.environment import Misconfigured

SETTING = "PAYMENT_MERCHANTS"
NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?")


@dataclass(frozen=True)
class _Fields:
    """What a provider wants of a merchant. `together`: sets of which exactly one is given, unless one is empty."""

    needed: frozenset[str]
    together: tuple[frozenset[str], ...]
    optional: frozenset[str]

    def all(self) -> frozenset[str]:
        return self.needed.union(self.optional, *self.together)


FIELDS = {
    "simulator": _Fields(frozenset(), (), frozenset()),
    "wechat": _Fields(
        needed=frozenset({"merchant", "app", "certificate_serial", "private_key", "api_key"}),
        # Merchants of 2024 and later verify with a public key; without one, certificates are downloaded.
        together=(frozenset(), frozenset({"public_key_id", "public_key"})),
        optional=frozenset({"app_secret", "address", "sign_in_address"}),
    ),
    "alipay": _Fields(
        needed=frozenset({"merchant", "app", "private_key"}),
        together=(
            frozenset({"public_key"}),
            frozenset({"app_certificate", "alipay_certificate", "root_certificate"}),
        ),
        optional=frozenset({"address"}),
    ),
}


def read(path: str, *, is_local: bool) -> dict[str, dict[str, str]]:
    """{name: {"provider": …, field: value}}, in the order of the file. What a `…_file` holds stands under its field.

    `is_local`: a first try on one machine. Elsewhere a simulator is refused: at it everybody pays without money.
    """
    values = credentials_file.load(SETTING, path)
    for name, given in values.items():
        if not is_local and isinstance(given, dict) and given.get("provider") == "simulator":
            raise _wrong(
                path,
                f"中 [{name}] 是模拟支付,任何人不付钱即算交费,只能用于本机试用",
                f"has a simulator in [{name}], where everybody pays without money: it is for a try on one machine",
            )
    return {name: _merchant(path, name, given) for name, given in values.items()}


def _merchant(path: str, name: str, given: object) -> dict[str, str]:
    if not NAME.fullmatch(name):
        raise _wrong(
            path,
            f"中的商户名“{name}”只能由小写字母、数字和连字符组成,最长 32 个字符",
            f'names a merchant "{name}": use small letters, digits and hyphens, at most 32',
        )
    if not isinstance(given, dict) or not all(isinstance(value, str) for value in given.values()):
        raise _wrong(path, f"中 [{name}] 的值应为带引号的文本", f"has values in [{name}] that are no quoted texts")
    if given.get("provider") not in FIELDS:
        allowed = ", ".join(FIELDS)
        raise _wrong(
            path, f"中 [{name}] 的 provider 应为 {allowed} 之一", f"needs a provider in [{name}], one of {allowed}"
        )
    merchant = {
        field.removesuffix("_file"): credentials_file.value(SETTING, path, field, value)
        for field, value in given.items()
    }
    _check(path, name, merchant)
    return merchant


def _check(path: str, name: str, merchant: dict[str, str]) -> None:
    fields, given = FIELDS[merchant["provider"]], {field for field, value in merchant.items() if value} - {"provider"}
    unknown = sorted(given - fields.all())
    if unknown:
        words = ", ".join(unknown)
        raise _wrong(path, f"中 [{name}] 有未知的 {words}", f"has something unknown in [{name}]: {words}")
    missing = sorted(fields.needed - given)
    if missing:
        words = ", ".join(missing)
        raise _wrong(path, f"中 [{name}] 缺少 {words}", f"lacks in [{name}]: {words}")
    chosen = given & frozenset().union(*fields.together)
    if fields.together and chosen not in fields.together:
        ways = " | ".join(", ".join(sorted(way)) for way in fields.together if way)
        raise _wrong(path, f"中 [{name}] 应完整给出其中一组:{ways}", f"needs in [{name}] one of these, whole: {ways}")


def _wrong(path: str, chinese: str, english: str) -> Misconfigured:
    return credentials_file.wrong(SETTING, path, chinese, english)
