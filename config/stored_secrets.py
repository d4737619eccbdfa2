"""The secrets of the settings: given by the environment, and drawn by ourselves on a first try only."""

import base64
import json
import os
import secrets
from pathlib import Path

from launch import environment
from launch.environment import Misconfigured

SHORTEST = 32  # characters; `openssl rand -base64 48` prints 64
FEWEST_DIFFERENT = 16  # characters of a random key of this length that differ: fewer by chance once in 10^9
# Words of examples. A random key holds none of them.
WORDS = ("change", "example", "insecure", "password", "secret", "default", "placeholder", "0123456789", "abcdefgh")


def stored_secret(name: str, folder: Path, *, is_local: bool) -> str:
    """A secret from the environment. A product that runs on one machine for a first try keeps its own
    in secrets.json of the folder (mode 600), which the first start draws.

    In production a missing, short or known secret ends the start.
    """
    given = environment.secret(name)
    if given:
        if not is_local:
            for key in given.split(","):
                _require_strong(name, key.partition(":")[2] or key)
        return given
    if not is_local:
        raise Misconfigured(
            f"未设置环境变量 {name}。请用 openssl rand -base64 48 生成并妥善保存。",
            f"{name} is not set. Make it with openssl rand -base64 48, and keep a copy.",
        )
    return _drawn(name, folder)


def token_if_set(name: str, *, is_local: bool) -> str:
    """A secret that may be missing, and is no weaker than the keys in production."""
    given = environment.secret(name)
    if given and not is_local:
        _require_strong(name, given)
    return given


def numbered_keys(name: str, value: str) -> dict[int, str]:
    """{version: key} of "KEY" (version 1) or of "2:NEWKEY,1:OLDKEY"."""
    found: dict[int, str] = {}
    for part in value.split(","):
        version, colon, key = part.strip().partition(":")
        if not colon:
            version, key = "1", version
        if not (version.isascii() and version.isdigit() and 1 <= int(version) <= 255 and key) or int(version) in found:
            raise Misconfigured(
                f"环境变量 {name} 的值(不在此显示)应为一个密钥,或形如 2:新密钥,1:旧密钥。",
                f"{name} (not shown here) must be one key, or such as 2:NEWKEY,1:OLDKEY.",
            )
        found[int(version)] = key
    return found


def _require_strong(name: str, key: str) -> None:
    is_known = any(word in key.lower() for word in WORDS)
    if len(key) < SHORTEST or len(set(key)) < FEWEST_DIFFERENT or is_known:
        raise Misconfigured(
            f"环境变量 {name} 的密钥过短或为示例值,请用 openssl rand -base64 48 生成。",
            f"A key of {name} is short, or it is an example. Make it with openssl rand -base64 48.",
        )


def _drawn(name: str, folder: Path) -> str:
    path = folder / "secrets.json"
    folder.mkdir(parents=True, exist_ok=True)
    known = json.loads(path.read_text()) if path.exists() else {}
    if name not in known:
        known[name] = base64.b64encode(secrets.token_bytes(32)).decode()
        draft = path.with_suffix(f".{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_text(json.dumps(known))
        draft.replace(path)
    return known[name]
