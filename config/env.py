"""What the environment says: services, secrets, folders. Read once, by settings.py."""

import base64
import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

BASE_DIR = Path(__file__).resolve().parent.parent
TRUE = {"1", "true", "yes", "on"}


def text(name: str, default: str = "") -> str:
    return os.environ.get(name, default).strip()


def flag(name: str, default: bool = False) -> bool:
    value = text(name)
    return value.lower() in TRUE if value else default


def number(name: str, default: int) -> int:
    return int(text(name) or default)


def words(name: str, default: str = "") -> list[str]:
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


@dataclass(frozen=True)
class Urls:
    database: str
    database_owner: str
    redis: str


def services() -> Urls:
    """The three addresses; embedded services are started for those that are not configured."""
    database, redis = text("DATABASE_URL"), text("REDIS_URL")
    if text("TUCAI_SERVICES") == "none":
        nowhere = "postgresql://nobody@127.0.0.1:1/none"
        return Urls(database or nowhere, database or nowhere, redis or "redis://127.0.0.1:1/0")
    if not (database and redis):
        from launch import embedded

        started = embedded.start()
        if not database:
            database = started.database_url
            os.environ.setdefault("DATABASE_OWNER_URL", started.owner_database_url)
        redis = redis or started.redis_url
    return Urls(database, text("DATABASE_OWNER_URL") or database, redis)


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
        "CONN_MAX_AGE": number("DATABASE_CONN_MAX_AGE", 60),
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": options,
    }


def data_dir() -> Path:
    """Where files, secrets and the embedded services live."""
    if text("TUCAI_DATA"):
        return Path(text("TUCAI_DATA"))
    from launch import embedded

    return embedded.data_dir()


def secret(name: str, folder: Path) -> str:
    """A secret from the environment, else one that was drawn on the first start and kept, mode 600."""
    if text(name):
        return text(name)
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
