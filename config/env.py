"""What the settings make of the environment: the addresses of the services, and the secrets."""

import base64
import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from launch import environment

BASE_DIR = Path(__file__).resolve().parent.parent
DATABASE_SCHEMES = ("postgresql", "postgres")
REDIS_SCHEMES = ("redis", "rediss", "unix")


@dataclass(frozen=True)
class Urls:
    database: str
    redis: str


def services() -> Urls:
    """The two addresses; embedded services are started for those that are not configured."""
    database = environment.secret_address("DATABASE_URL", DATABASE_SCHEMES)
    redis = environment.secret_address("REDIS_URL", REDIS_SCHEMES)
    if environment.choice("TUCAI_SERVICES", ["none"], "") == "none":
        return Urls(database or "postgresql://nobody@127.0.0.1:1/none", redis or "redis://127.0.0.1:1/0")
    if not (database and redis):
        from launch import embedded

        started = embedded.start()
        database, redis = database or started.database_url, redis or started.redis_url
    return Urls(database, redis)


def owner_database() -> dict:
    """The DATABASES entry of the role that owns the tables. Only commands that change them ask; it stands in no setting."""
    url = environment.secret_address("DATABASE_OWNER_URL", DATABASE_SCHEMES)
    if not url and environment.secret("DATABASE_URL"):
        raise environment.Misconfigured(
            "此命令会改动数据表,只有所有者账号可以执行:请为它设置环境变量 DATABASE_OWNER_URL。",
            "This command changes the tables, which only their owner may: set DATABASE_OWNER_URL for it.",
        )
    if not url:
        from launch import embedded

        url = embedded.start().owner_database_url
    return database(url)


def database(url: str) -> dict:
    """Django's DATABASES entry for a postgresql:// URL; a socket folder may stand in ?host=."""
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query))
    host = options.pop("host", "") or unquote(parts.hostname or "")
    port = options.pop("port", "") or str(parts.port or "")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path.lstrip("/"),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": port,
        "CONN_MAX_AGE": environment.number("DATABASE_CONN_MAX_AGE", 60, least=0, most=86_400),
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": options,
    }


def kept_secret(name: str, folder: Path) -> str:
    """A secret from the environment, else one that was drawn on the first start and kept in the folder, mode 600."""
    if given := environment.secret(name):
        return given
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
