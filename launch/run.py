"""`make run`: the whole product on this machine, until Ctrl-C.

Checks the port, starts the services, migrates, loads the demo season, starts the processes of the
Procfile under honcho, and prints the address when the first page answers.
"""

import contextlib
import ctypes
import fcntl
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from honcho.environ import parse_procfile
from honcho.manager import Manager
from honcho.process import Popen, Process

from launch import data_folder, embedded_services, environment

ROOT = Path(__file__).resolve().parent.parent
ANSWER_SECONDS = 120
PR_SET_PDEATHSIG = 1


def main() -> int:
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    set_parent_death_signal(signal.SIGTERM)
    folder = data_folder.locate_data_folder()
    host, port = environment.text("HOST", "127.0.0.1"), environment.number("PORT", 8000, least=1, most=65_535)
    check_processes()
    if environment.flag("TUCAI_LOCAL", default=not environment.secret("DATABASE_URL")):
        os.environ.setdefault("MESSAGE_CHANNELS", "simulator")  # config/message_channels.py
        os.environ.setdefault("CAPTURE_CODE_DECODER", "simulator")  # config/capture_code_decoder.py
        os.environ.setdefault("REAL_NAME_SERVICES", "simulator")  # config/real_name_services.py
    try:
        with _lock_data_folder(folder):
            check_port(host, port)
            _start_services()
            _prepare_database()
            return _supervise(folder, port)
    except KeyboardInterrupt:
        print("\n已停止 · stopped", flush=True)
        return 130
    finally:
        _stop_services()


def check_port(host: str, port: int) -> None:
    """Ends with a message when another program listens on the port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            sys.exit(
                f"\n  端口 {port} 不可用({error.strerror})。请换一个端口:PORT={port + 1} make run\n"
                f"  Port {port} cannot be used ({error.strerror}). Take another one: PORT={port + 1} make run\n"
            )


def check_processes() -> None:
    """Ends with a message when a number that the Procfile uses is wrong. The shell would not say
    which.
    """
    for name in ("PHOTO_WORKERS", "BUILD_WORKERS", "WEB_THREADS"):
        environment.number(name, 1, least=1, most=256)


@contextlib.contextmanager
def _lock_data_folder(folder: Path) -> Iterator[None]:
    """Only one `make run` for each data folder: two beats would do the day's work twice."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "run.lock").open("ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sys.exit(
                "\n  这份代码已经在运行,请先在原窗口按 Ctrl-C 结束。\n"
                "  This checkout is running already: end it with Ctrl-C in its window first.\n"
            )
        yield


def _start_services() -> None:
    if not _has_services():
        print("启动 PostgreSQL 与 Redis · starting PostgreSQL and Redis …", flush=True)
        embedded_services.start()


def _has_services() -> bool:
    """Whether the environment names both servers, so that the embedded ones are not needed."""
    return bool(environment.secret("DATABASE_URL") and environment.secret("REDIS_URL"))


def _stop_services() -> None:
    embedded_services.release()
    if not _has_services():
        embedded_services.stop_if_unused()


def _prepare_database() -> None:
    print("更新数据库 · migrating …", flush=True)
    _manage("migrate", "--verbosity", "0")
    _manage("demo", "--if-empty")


def _manage(*arguments: str) -> None:
    """Run one manage.py command. Ctrl-C ends the command first, then this process."""
    command = [sys.executable, "manage.py", *arguments]
    with subprocess.Popen(command, cwd=ROOT, start_new_session=True) as child:
        try:
            status = child.wait()
        except KeyboardInterrupt:
            child.terminate()
            raise
    if status:
        sys.exit(f"\n  manage.py {arguments[0]} 未成功,原因见上。\n  manage.py {arguments[0]} failed; see above.\n")


def _supervise(folder: Path, port: int) -> int:
    """Run the Procfile until a signal arrives or one of its processes ends. Returns the exit code."""
    manager = Manager()
    manager._process_ctor = BoundProcess
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
        "BEAT_SCHEDULE": str(folder / "beat-schedule"),
        "PYTHONUNBUFFERED": "1",
        # A worker that is asked to end gives up its long job; the job stays in the queue.
        "REMAP_SIGTERM": "SIGQUIT",
        # Celery warns when it runs as root; on a machine for a first try that is intended.
        "PYTHONWARNINGS": "ignore::UserWarning:celery.platforms",
    }
    for name, command in parse_procfile((ROOT / "Procfile").read_text()).processes.items():
        manager.add_process(name, command, env=environment, cwd=str(ROOT))
    threading.Thread(target=_announce, args=(port,), daemon=True).start()
    manager.loop()
    # A signal is how this is meant to end; any other way, one of the processes has failed.
    return 0 if manager.returncode in {130, 143} else (manager.returncode or 1)


class BoundProcess(Process):
    """A honcho process that ends with the launcher, even when the launcher is killed with -9."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._child_ctor = partial(Popen, preexec_fn=partial(set_parent_death_signal, signal.SIGTERM))

    def run(self, *arguments: Any, **options: Any) -> None:
        set_parent_death_signal(signal.SIGKILL)
        super().run(*arguments, **options)


def set_parent_death_signal(number: int) -> None:
    """Ask Linux to send this signal to us when our parent process ends; elsewhere do nothing."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(number), 0, 0, 0)


def _announce(port: int) -> None:
    """Print the address when the first page answers. Until then, say from time to time that there
    is no answer yet.
    """
    address = f"http://localhost:{port}/"
    while not _is_answering(f"http://127.0.0.1:{port}/"):
        print(f"\n  {address} 仍未响应,请看上面的日志。 No answer yet: see the log above.\n", flush=True)
    accounts = subprocess.run(
        [sys.executable, "manage.py", "demo", "--accounts"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    print(
        f"\n  图采已启动 · Tucai is running\n\n    {address}\n\n{_indented(accounts.stdout)}\n"
        "  按 Ctrl-C 结束 · Ctrl-C ends everything\n",
        flush=True,
    )


def _indented(text: str) -> str:
    return "".join(f"    {line}\n" for line in text.rstrip().splitlines())


def _is_answering(url: str) -> bool:
    """Whether the address gives any answer within ANSWER_SECONDS."""
    deadline = time.monotonic() + ANSWER_SECONDS
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, timeout=30):
                return True
        except urllib.error.HTTPError:
            return True
        except OSError:
            time.sleep(0.2)
    return False


if __name__ == "__main__":
    sys.exit(main())
