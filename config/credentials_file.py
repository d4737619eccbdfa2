"""Reads a TOML file of credentials that an operator's setting names. What stands in `…_file` is read from beside it."""

import tomllib
from pathlib import Path
from typing import Any

from launch.environment import LARGEST_SECRET, Misconfigured

LARGEST_FILE = 256 * 1024  # bytes


def load(setting: str, path: str) -> dict[str, Any]:
    try:
        return tomllib.loads(Path(path).read_bytes()[:LARGEST_FILE].decode())
    except OSError as error:
        raise wrong(setting, path, f"无法读取({error.strerror})", f"cannot be read ({error.strerror})") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise wrong(setting, path, f"不是有效的 TOML({error})", f"is no valid TOML ({error})") from error


def value(setting: str, path: str, field: str, given: str) -> str:
    """The text itself, or for a field `…_file` what the file holds that it names."""
    if not field.endswith("_file"):
        return given.strip()
    held = Path(path).parent / given
    try:
        content = held.read_bytes()[: LARGEST_SECRET + 1].decode().strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise wrong(
            setting, path, f"所指的 {held} 无法读取({reason})", f"names {held}, which cannot be read ({reason})"
        ) from error
    if not content or len(content) > LARGEST_SECRET:
        raise wrong(setting, path, f"所指的 {held} 为空或过大", f"names {held}, which is empty or too large")
    return content


def wrong(setting: str, path: str, chinese: str, english: str) -> Misconfigured:
    return Misconfigured(f"{setting} 所指的 {path} {chinese}。", f"{setting}: {path} {english}.")
