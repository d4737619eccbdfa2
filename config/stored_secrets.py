"""Secrets that the product draws on its first start and keeps in the data folder."""

import base64
import json
import os
import secrets
from pathlib import Path

from launch import environment


def stored_secret(name: str, folder: Path) -> str:
    """A secret from the environment, else from secrets.json in the folder (mode 600).

    The first start draws the secret and writes it there.
    """
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
