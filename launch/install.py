"""Make .venv and what the tests need from the system. Runs on a bare Python: standard library only.

python3.11 launch/install.py runtime | development | browser | gettext | clean
"""

import ctypes
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
NEEDED = (3, 11)
RUNTIME = ["requirements.txt"]
DEVELOPMENT = ["requirements.txt", "requirements-dev.txt"]
INSTALL_BYTES = 1_600 * 1024 * 1024
BROWSERS = ["chromium-headless-shell", "chromium", "chromium-browser"]
# Commands that the tests call, and the Debian packages that bring them.
TEST_TOOLS = {"pdftotext": "poppler-utils", "pdftoppm": "poppler-utils", "fc-list": "fontconfig", "gpg": "gnupg"}
CHINESE_FONT = "fonts-noto-cjk"


def fail(chinese: str, english: str) -> None:
    sys.exit(f"\n  {chinese}\n  {english}\n")


def check_python() -> None:
    if sys.version_info[:2] == NEEDED:
        return
    found = ".".join(map(str, sys.version_info[:3]))
    fail(
        f"本项目需要 Python 3.11,找到的是 {found}。请安装 3.11 后重试,或指定它的位置:make run PYTHON=/路径/python3.11",
        f"Python 3.11 is needed, this is {found}. Install 3.11 (Debian 12: apt-get install python3.11 "
        "python3.11-venv) or say where it is: make run PYTHON=/path/to/python3.11",
    )


def check_venv_module() -> None:
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        fail(
            "缺少系统软件包,请先运行:apt-get install python3.11-venv(普通用户在前面加 sudo)",
            "A system package is missing. Run: apt-get install python3.11-venv (with sudo unless you are root)",
        )


def check_free_space() -> None:
    free = shutil.disk_usage(ROOT).free
    if free < INSTALL_BYTES:
        fail(
            f"磁盘空间不足:安装需要 {INSTALL_BYTES >> 20} MB,{ROOT} 所在磁盘仅剩 {free >> 20} MB。请清理后重试。",
            f"The disk is full: the installation needs {INSTALL_BYTES >> 20} MB and {ROOT} has {free >> 20} MB left. "
            "Free some space and start again.",
        )


def make_venv() -> None:
    """Make .venv unless it holds a working Python of the right version."""
    if _venv_works():
        return
    check_venv_module()
    check_free_space()
    print("建立 Python 环境 · making .venv …", flush=True)
    made = subprocess.run([sys.executable, "-m", "venv", "--clear", str(VENV)], check=False)
    if made.returncode:
        fail(
            "无法建立 .venv,原因见上。若提示 ensurepip,请运行:apt-get install python3.11-venv",
            "Cannot make .venv; the reason stands above. If it names ensurepip: apt-get install python3.11-venv",
        )


def _venv_works() -> bool:
    question = "import sys, pip; print(*sys.version_info[:2])"
    try:
        answer = subprocess.run([str(PYTHON), "-c", question], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return False
    return answer.stdout.split() == [str(number) for number in NEEDED]


def install(locks: list) -> None:
    """Install the lock files that changed since the last time. They are complete, so pip resolves
    nothing.
    """
    stamps = {}
    for name in locks:
        lock, stamp = ROOT / name, VENV / f".{name}.installed"
        digest = hashlib.sha256(lock.read_bytes()).hexdigest()
        if not stamp.exists() or stamp.read_text() != digest:
            _install(lock)
            stamps[stamp] = digest
    if stamps:
        _check_libraries()
    for stamp, digest in stamps.items():
        stamp.write_text(digest)


def _install(lock: Path) -> None:
    check_free_space()
    print(f"安装软件包(首次约一分钟)· installing {lock.name}, about a minute the first time …", flush=True)
    command = [str(PYTHON), "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
    # Without its byte code, which Python writes by itself for what is used, the environment is 150 MB smaller.
    # Whatever index is asked, pip takes the very files that were locked.
    command += ["--no-deps", "--no-compile", "--require-hashes", "-r", str(lock)]
    if subprocess.run(command, check=False).returncode:
        fail(
            "软件包安装失败,原因见上:请检查网络与磁盘空间后重新运行,已完成的部分不会重复安装。",
            "The packages could not be installed; the reason stands above. Check the network and the disk, "
            "then run the command again: it goes on where it stopped.",
        )


def _check_libraries() -> None:
    """Import the large packages once. This shows whether the C++ run-time library is missing, and
    writes byte code, so that the first start need not compile.
    """
    code = "import cv2, mediapipe, psycopg, celery.bin.celery, django.db.models, scipy.sparse"
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    probe = subprocess.run([str(PYTHON), "-c", code], env=environment, capture_output=True, text=True, check=False)
    if probe.returncode:
        reason = probe.stderr.strip().splitlines()[-1]
        fail(
            f"缺少系统库({reason})。请运行:apt-get install libstdc++6 libgcc-s1 zlib1g",
            f"A system library is missing ({reason}). Run: apt-get install libstdc++6 libgcc-s1 zlib1g",
        )


def browser() -> None:
    """Chromium, a Chinese font, poppler and GnuPG for the tests: installed by apt-get when missing."""
    missing = {package for tool, package in TEST_TOOLS.items() if not shutil.which(tool)}
    if not os.environ.get("CHROMIUM") and not any(map(shutil.which, BROWSERS)):
        missing.add(BROWSERS[0])
    if not _has_chinese_font():
        missing.add(CHINESE_FONT)
    if not _has_library("libatomic.so.1"):  # playwright's driver needs it
        missing.add("libatomic1")
    if missing:
        apt_install(sorted(missing))


def _has_chinese_font() -> bool:
    if not shutil.which("fc-list"):
        return False
    return bool(subprocess.run(["fc-list", ":lang=zh", "family"], capture_output=True, check=False).stdout.strip())


def _has_library(name: str) -> bool:
    try:
        ctypes.CDLL(name)
    except OSError:
        return False
    return True


def gettext() -> None:
    if not shutil.which("xgettext"):
        apt_install(["gettext"])


def apt_install(packages: list) -> None:
    """Install Debian packages as root or by sudo without a password; otherwise print the command to
    run.
    """
    by_hand = "apt-get update && apt-get install -y --no-install-recommends " + " ".join(packages)
    if not shutil.which("apt-get"):
        fail(f"请安装:{' '.join(packages)}", f"Please install: {' '.join(packages)} (or name a browser in CHROMIUM).")
    prefix = [] if os.geteuid() == 0 else ["sudo", "-n"]
    print(f"安装系统软件包 · installing {' '.join(packages)} …", flush=True)
    for command in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", *packages]):
        if not _apt_get([*prefix, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", *command]):
            fail(
                f"缺少系统软件包,请先运行:sudo sh -c '{by_hand}'(已有浏览器时可用环境变量 CHROMIUM 指定)",
                f"System packages are missing. Run: sudo sh -c '{by_hand}' "
                "(a browser that you have already can be named in CHROMIUM)",
            )


def _apt_get(command: list) -> bool:
    try:
        return subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode == 0
    except OSError:
        return False


def clean() -> None:
    """Remove the environment and the data of this checkout, wherever they are."""
    if PYTHON.exists():
        code = "from launch import data_folder, embedded_services; print(embedded_services.stop_if_unused(), data_folder.locate_data_folder())"
        done = subprocess.run([str(PYTHON), "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
        stopped, _, folder = done.stdout.strip().partition(" ")
        if stopped != "True":
            fail(
                "还有命令在使用数据库,请先结束(例如在 make run 的窗口按 Ctrl-C)。",
                "The database is in use: end what uses it first (Ctrl-C in the window of make run).",
            )
        shutil.rmtree(folder, ignore_errors=True)
    for path in (ROOT / "var", VENV):
        shutil.rmtree(path, ignore_errors=True)


def main(task: str) -> None:
    if task in {"browser", "gettext", "clean"}:
        {"browser": browser, "gettext": gettext, "clean": clean}[task]()
        return
    check_python()
    make_venv()
    install(DEVELOPMENT if task == "development" else RUNTIME)


if __name__ == "__main__":
    main(sys.argv[1])
