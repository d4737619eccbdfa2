"""Reads the file of the real-name services; docs/operators.md explains it. They are asked in the order of the file.

[tencent]                                  # or [alibaba]
key_id = "AKID…"
key_secret_file = "tencent_secret"         # beside the file, or a whole path
fen_per_check = 60                         # the price of one check of name and number
per_day = 3000                             # at most so many checks and faces a day, of a season
face = "1"                                 # Tencent's RuleId, Alibaba's SceneId; without it no faces
fen_per_face = 150
"""

from typing import Any

from config import credentials_file
from launch.environment import Misconfigured

SETTING = "REAL_NAME_SERVICES"
SERVICES = ("tencent", "alibaba")
NEEDED = {"key_id", "key_secret", "fen_per_check", "per_day"}
OPTIONAL = {"face", "fen_per_face", "region", "address"}
NUMBERS = ("fen_per_check", "fen_per_face", "per_day")
SIMULATOR = "simulator"
SIMULATED = {SIMULATOR: {"fen_per_check": 60, "fen_per_face": 150, "per_day": 3000, "face": SIMULATOR}}
Services = dict[str, dict[str, Any]]


def read(path: str, *, is_local: bool) -> Services:
    """{service: its account}. `is_local`: a first try on one machine, which may have the simulator."""
    if path == SIMULATOR:
        if not is_local:
            raise Misconfigured(
                f"{SETTING}={SIMULATOR} 只能用于本机试用:任何人都能通过其核验。",
                f"{SETTING}={SIMULATOR} is for a try on one machine: it says yes to everybody.",
            )
        return SIMULATED
    return {
        name: _account(path, name, given, is_local=is_local)
        for name, given in credentials_file.load(SETTING, path).items()
    }


def _account(path: str, name: str, given: object, *, is_local: bool) -> dict[str, Any]:
    if name not in SERVICES or not isinstance(given, dict):
        known = ", ".join(SERVICES)
        raise _wrong(path, f"中有未知的 [{name}],应为 {known}", f"has something unknown, [{name}]; known are {known}")
    found: dict[str, Any] = {
        field.removesuffix("_file"): credentials_file.value(SETTING, path, field, str(value))
        for field, value in given.items()
    }
    if missing := ", ".join(
        sorted(NEEDED - set(found) | ({"fen_per_face"} - set(found) if "face" in found else set()))
    ):
        raise _wrong(path, f"中 [{name}] 缺少 {missing}", f"lacks in [{name}]: {missing}")
    if unknown := ", ".join(sorted(set(found) - NEEDED - OPTIONAL)):
        raise _wrong(path, f"中 [{name}] 有未知的 {unknown}", f"has something unknown in [{name}]: {unknown}")
    for field in NUMBERS:
        text = found.get(field, "0")
        if not (text.isascii() and text.isdigit() and int(text) < 1_000_000):
            raise _wrong(path, f"中 [{name}] 的 {field} 应为整数", f"needs in [{name}] a whole number as {field}")
        found[field] = int(text)
    if name == "alibaba" and not found.get("face", "0").isdigit():
        raise _wrong(path, f"中 [{name}] 的 face 应为场景 ID(数字)", f"needs in [{name}] the SceneId as face, a number")
    if not found.get("address", "https://").startswith("https://") and not is_local:
        raise _wrong(path, f"中 [{name}] 的 address 应以 https:// 开头", f"needs in [{name}] an address of https://")
    return found


def _wrong(path: str, chinese: str, english: str) -> Misconfigured:
    return credentials_file.wrong(SETTING, path, chinese, english)
