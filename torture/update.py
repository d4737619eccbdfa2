"""An update under load: `python -m torture.update` in a data folder that `make run` has filled and nobody uses.

Two web processes stand behind nginx, as deploy/nginx.conf has it. While visitors read and send, the schema gets what a next release brings (a
column, an index), `migrate` runs, and each web is started anew, as deploy/install.sh does. Prints the answers by kind and each failure; ends with 1
when there was one. Needs nginx (NGINX_PROGRAM names another one).
"""

import collections
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psycopg
import requests

from launch import embedded_services

ROOT = Path(__file__).resolve().parents[1]
PORTS, FRONT = (8471, 8472), 8470
VISITORS = 4
STEADY_SECONDS = 10
UNREADY_SECONDS = 180
NGINX = """
daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log; worker_processes 1;
events {{ worker_connections 256; }}
http {{
    access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f;
    uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
    {upstream}
    server {{
        listen 127.0.0.1:{front};
        location / {{
            proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host:{front};
            proxy_set_header X-Forwarded-For $remote_addr; proxy_read_timeout 120s; proxy_pass http://tucai;
        }}
    }}
}}
"""
NEXT_RELEASE = (
    "SET lock_timeout = '5s'",
    "ALTER TABLE capture_photo ADD COLUMN update_trial integer",
    "CREATE INDEX CONCURRENTLY update_trial ON capture_photo (update_trial)",
)
BACK = ("DROP INDEX IF EXISTS update_trial", "ALTER TABLE capture_photo DROP COLUMN IF EXISTS update_trial")


class Visitors:
    """Threads that read and send until they are ended. `verify`: the authority of a certificate; `pause`: seconds between two requests."""

    def __init__(self, site: str = f"http://127.0.0.1:{FRONT}", *, verify: str | bool = True, pause: float = 0) -> None:
        self.site, self.verify, self.pause = site, verify, pause
        self.paths = ["/", "/accounts/login/"]  # what they read; others may be added while they do
        self.answers: collections.Counter[tuple[str, int]] = collections.Counter()
        self.failures: list[str] = []
        self.slowest = 0.0
        self.is_over = False
        self.threads = [threading.Thread(target=self._visit) for _visitor in range(VISITORS)]
        for thread in self.threads:
            thread.start()

    def _visit(self) -> None:
        with requests.Session() as session:
            session.verify = self.verify
            while not self.is_over:
                for path in tuple(self.paths):
                    self._ask(session, "GET", path)
                self._ask(session, "POST", "/api/v1/me/sign-in/", json={"name": "x"})

    def _ask(self, session: requests.Session, method: str, path: str, **options: object) -> None:
        since = time.monotonic()
        try:
            status = session.request(method, f"{self.site}{path}", timeout=60, **options).status_code  # type: ignore[arg-type]
        except requests.RequestException as error:
            self.failures.append(f"{time.strftime('%T')} {method} {path}: {error}")
            return
        self.slowest = max(self.slowest, time.monotonic() - since)
        self.answers[f"{method} {path}", status] += 1
        if status >= 500:
            self.failures.append(f"{time.strftime('%T')} {method} {path}: {status}")
        time.sleep(self.pause)

    def end(self) -> None:
        self.is_over = True
        for thread in self.threads:
            thread.join()


def web(port: int) -> subprocess.Popen[bytes]:
    """A web process that answers."""
    environment = os.environ | {"PORT": str(port), "DATABASE_LOGIN": "web", "TRUSTED_PROXIES": "1"}
    process = subprocess.Popen([sys.executable, "-m", "config.web"], cwd=ROOT, env=environment)
    end = time.monotonic() + UNREADY_SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            if requests.get(f"http://127.0.0.1:{port}/health/ready", timeout=30).ok:
                return process
        except requests.RequestException:
            time.sleep(0.5)
    sys.exit(f"The web on port {port} does not become ready.")


def anew(process: subprocess.Popen[bytes], port: int) -> subprocess.Popen[bytes]:
    process.send_signal(signal.SIGTERM)
    process.wait()
    return web(port)


def execute(statements: tuple[str, ...]) -> None:
    with psycopg.connect(embedded_services.start().owner_database_url, autocommit=True) as owner:
        for statement in statements:
            owner.execute(statement)


def say(sentence: str) -> None:
    print(f"{time.strftime('%T')} {sentence}", flush=True)


def main() -> int:
    nginx = (
        os.environ.get("NGINX_PROGRAM")
        or shutil.which("nginx")
        or sys.exit("nginx is missing: name one in NGINX_PROGRAM.")
    )
    upstream = re.search(r"upstream tucai \{.*?\n\}", (ROOT / "deploy/nginx.conf").read_text(), re.S)
    assert upstream
    ours = upstream.group().replace("8001", str(PORTS[0])).replace("8002", str(PORTS[1]))
    embedded_services.start()
    webs = [web(port) for port in PORTS]
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "nginx.conf").write_text(NGINX.format(folder=folder, upstream=ours, front=FRONT))
        front = subprocess.Popen([nginx, "-p", folder, "-c", f"{folder}/nginx.conf", "-e", f"{folder}/error.log"])
        time.sleep(1)
        visitors = Visitors()
        try:
            say("load alone")
            time.sleep(STEADY_SECONDS)
            say("the schema of the next release, under the old web")
            execute(NEXT_RELEASE)
            say("migrate")
            subprocess.run([sys.executable, "manage.py", "migrate", "--verbosity", "0"], cwd=ROOT, check=True)
            for place, port in enumerate(PORTS):
                say(f"the web on port {port} anew")
                webs[place] = anew(webs[place], port)
            time.sleep(STEADY_SECONDS / 2)
        finally:
            visitors.end()
            for process in (front, *webs):
                process.terminate()
                process.wait()
            execute(BACK)
    for (request, status), number in sorted(visitors.answers.items()):
        print(f"{number:7} {status} {request}")
    print(f"slowest answer {visitors.slowest:.1f} s, failed {len(visitors.failures)}")
    print("\n".join(visitors.failures[:20]))
    return 1 if visitors.failures else 0


if __name__ == "__main__":
    sys.exit(main())
