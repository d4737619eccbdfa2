"""The installed product as the steps of the trial reach it: commands, visitors, letters. For the trial alone."""

import email
import email.policy
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests

SITE = "https://photos.trial.test"
CERTIFICATE = "/etc/ssl/certs/tucai.pem"
MAIL = Path("/tmp/mail")  # noqa: S108 -- inside the machine of the trial


def check(is_right: object, what: str) -> None:
    if not is_right:
        sys.exit(f"NOT RIGHT: {what}")
    print(f"ok: {what}", flush=True)


def run(*command: str, may_fail: bool = False) -> str:
    done = subprocess.run(command, cwd="/opt/tucai", capture_output=True, text=True, check=False)
    if done.returncode and not may_fail:
        sys.exit(f"NOT RIGHT: {' '.join(command)}\n{done.stdout}\n{done.stderr}")
    return done.stdout


def manage(*words: str) -> str:
    return run("deploy/manage.sh", *words)


def sql(statement: str) -> str:
    """By PostgreSQL's superuser, who passes every wall by."""
    words = ("runuser", "-u", "postgres", "--", "psql", "-X", "-q", "-At", "-v", "ON_ERROR_STOP=1", "-d")
    of_the_server = statement.startswith(("CREATE DATABASE", "DROP DATABASE"))
    return run(*words, "postgres" if of_the_server else "tucai", "-c", statement).strip()


def setting(name: str) -> str:
    return dict(row.split("=", 1) for row in Path("/etc/tucai.env").read_text().splitlines())[name]


def visitor() -> requests.Session:
    session = requests.Session()
    session.verify = CERTIFICATE
    return session


def wait_until(is_so: Callable[[], object], what: str, *, seconds: float) -> None:
    start = time.monotonic()
    while not is_so():
        if time.monotonic() - start > seconds:
            sys.exit(f"NOT RIGHT within {seconds:.0f} s: {what}")
        time.sleep(1)
    check(True, f"{what} (after {time.monotonic() - start:.0f} s)")


def _answers() -> bool:
    try:
        return visitor().get(SITE, timeout=10).status_code == 200
    except requests.RequestException:
        return False


def wait_for_the_web() -> None:
    wait_until(_answers, "the web answers", seconds=180)


def send(session: requests.Session, url: str, **fields: str) -> requests.Response:
    """Post a form of the page at `url`, with its token."""
    page = session.get(url)
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
    if page.status_code != 200 or not token:
        sys.exit(f"NOT RIGHT: {url} is {page.status_code} and has no form")
    return session.post(page.url, data=fields | {"csrfmiddlewaretoken": token[1]}, headers={"Referer": page.url})


def letters() -> list[tuple[str, str, str]]:
    """(to, subject, text) of all that were mailed, the oldest first."""
    found = []
    for path in sorted(MAIL.glob("*.eml")):
        letter: Any = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        found.append((letter["To"], letter["Subject"], letter.get_body().get_content()))
    return found


def letter_to(address: str) -> str:
    for to, _subject, text in reversed(letters()):
        if address in to:
            return text
    sys.exit(f"NOT RIGHT: no letter to {address}")
