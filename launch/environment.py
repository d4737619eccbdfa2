"""Reads the environment of the process. A value that is not understood ends the start with one
sentence in Chinese and English.

An empty value counts as not set. `docs/operators.md` lists the variables.
"""

import difflib
import os
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit

FLAGS = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}
FLAG_WORDS = "1/0, true/false, yes/no, on/off"
EXAMPLE = "CHANGE-ME"  # stands in deploy/*.example for what nobody may keep
LARGEST_SECRET = 64 * 1024  # bytes; more is no secret but a wrong path

# The names that were asked for, so that a misspelt one can be told from a known one.
_known: set[str] = set()


class Misconfigured(SystemExit):
    """A variable of the environment is wrong. The message names it and says what is allowed.

    A SystemExit, because it is raised while the settings load: whichever program loads them
    (manage.py, celery, config.web) ends with the message and exit code 1, without a trace.
    """

    def __init__(self, chinese: str, english: str) -> None:
        super().__init__(f"{chinese} {english}")


def text(name: str, default: str = "") -> str:
    _known.add(name)
    return os.environ.get(name, "").strip() or default


def flag(name: str, default: bool = False) -> bool:
    """One of the words of FLAGS, in any case."""
    value = text(name)
    if not value:
        return default
    if value.lower() not in FLAGS:
        raise _refusal(name, value, FLAG_WORDS)
    return FLAGS[value.lower()]


def number(name: str, default: int, *, least: int, most: int) -> int:
    """A whole number from `least` to `most`."""
    value = text(name)
    if not value:
        return default
    # Not int() alone: it also takes "1_000" and the digits of other scripts.
    if not (value.isascii() and value.isdigit() and len(value) < 10 and least <= int(value) <= most):
        raise Misconfigured(
            f"环境变量 {name} 的值“{value}”无效,应为 {least} 至 {most} 之间的整数。",
            f'{name} is "{value}": it must be a whole number from {least} to {most}.',
        )
    return int(value)


def choice(name: str, allowed: Iterable[str], default: str) -> str:
    """One of the allowed words, in any case; returned as it is written in `allowed`."""
    value, known = text(name), {word.lower(): word for word in allowed}
    if not value:
        return default
    if value.lower() not in known:
        raise _refusal(name, value, ", ".join(known.values()))
    return known[value.lower()]


def text_list(name: str, default: str = "") -> list[str]:
    """The values of a list separated by commas."""
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def web_address(name: str, default: str) -> str:
    """An http or https address without a slash at its end."""
    value = text(name, default).rstrip("/")
    if not _is_address(value, {"http", "https"}):
        raise _refusal(name, value, "https://…, http://…")
    return value


def secret(name: str) -> str:
    """The variable itself, or the content of the file that NAME_FILE names; empty when neither is
    set.
    """
    value, path = text(name), text(f"{name}_FILE")
    if value and path:
        raise Misconfigured(
            f"环境变量 {name} 与 {name}_FILE 不能同时设置。", f"{name} and {name}_FILE are both set: keep one of them."
        )
    return _content(name, Path(path)) if path else value


def secret_address(name: str, schemes: Iterable[str]) -> str:
    """The address of a server, which contains its password; empty when it is not set."""
    value = secret(name)
    if value and not _is_address(value, set(schemes)):
        allowed = ", ".join(f"{scheme}://…" for scheme in schemes)
        raise Misconfigured(
            f"环境变量 {name} 的值(不在此显示)不是有效地址,可用:{allowed}。",
            f"The value of {name} (not shown here) is no valid address. Allowed: {allowed}.",
        )
    if EXAMPLE in value:
        raise Misconfigured(
            f"环境变量 {name} 的值(不在此显示)仍含示例中的 {EXAMPLE},请改成自己的密码。",
            f"The value of {name} (not shown here) still holds {EXAMPLE} of the example: put your own password there.",
        )
    return value


def refuse_unknown(prefix: str, *, read_elsewhere: Iterable[str] = ()) -> None:
    """End the start when a variable with our prefix is set that nothing reads: it is probably
    misspelt.
    """
    known = {name for name in _known | set(read_elsewhere) if name.startswith(prefix)}
    for name in sorted(os.environ):
        if name.startswith(prefix) and name not in known:
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.0)
            allowed = near[0] if near else ", ".join(sorted(known))
            raise Misconfigured(
                f"环境变量 {name} 不存在,是否应为 {allowed}?", f"There is no variable {name}. Do you mean {allowed}?"
            )


def _content(name: str, path: Path) -> str:
    try:
        content = path.read_bytes()[: LARGEST_SECRET + 1].decode().strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise Misconfigured(
            f"环境变量 {name}_FILE 所指的文件 {path} 无法读取({reason})。",
            f"{name}_FILE names {path}, which cannot be read ({reason}).",
        ) from error
    if not content or len(content) > LARGEST_SECRET or "\n" in content:
        raise Misconfigured(
            f"环境变量 {name}_FILE 所指的文件 {path} 应只含一行密钥。",
            f"{name}_FILE names {path}, which must hold the secret in one line and nothing else.",
        )
    return content


def _refusal(name: str, value: str, allowed: str) -> Misconfigured:
    return Misconfigured(
        f"环境变量 {name} 的值“{value}”无法识别,可用:{allowed}。",
        f'{name} is "{value}", which is not understood. Allowed: {allowed}.',
    )


def _is_address(value: str, schemes: set[str]) -> bool:
    try:
        parts = urlsplit(value)
        return parts.scheme in schemes and bool(parts.netloc or parts.query or parts.path) and parts.port != 0
    except ValueError:
        return False
