"""What `make` says when the machine lacks something."""

import re
import shutil
import socket
import subprocess
import sys

import pytest

from launch import install, run


def test_another_python_is_named_with_what_to_do(monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 13, 1, "final", 0))
    with pytest.raises(SystemExit, match=r"(?s)需要 Python 3.11,找到的是 3.13.1.*make run PYTHON="):
        install.check_python()


def test_missing_venv_module_names_the_debian_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "ensurepip", None)
    with pytest.raises(SystemExit, match=r"apt-get install python3\.11-venv"):
        install.check_venv_module()


def test_full_disk_says_how_much_is_needed(monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10**10, 10**10, 7 << 20))
    with pytest.raises(SystemExit, match=r"(?s)1600 MB.*仅剩 7 MB.*The disk is full"):
        install.check_free_space()


@pytest.fixture
def programs(monkeypatch, tmp_path):
    """A machine whose PATH holds these programs only; each is a line of shell."""

    def install(**scripts: str) -> None:
        monkeypatch.setenv("PATH", str(tmp_path))
        for name, script in scripts.items():
            path = tmp_path / name.replace("_", "-")
            path.write_text(f"#!/bin/sh\n{script}\n")
            path.chmod(0o755)

    return install


def test_missing_packages_without_rights_say_the_command(programs):
    programs(apt_get="exit 100", env="exit 100", sudo="exit 1")
    with pytest.raises(SystemExit, match="apt-get install -y --no-install-recommends chromium"):
        install.apt_install(["chromium"])


def test_system_without_apt_names_the_packages(programs):
    programs()
    with pytest.raises(SystemExit, match="chromium fonts-noto-cjk"):
        install.apt_install(["chromium", "fonts-noto-cjk"])


def test_browser_of_the_tests_is_asked_for_with_its_font_and_tools(programs, monkeypatch):
    monkeypatch.delenv("CHROMIUM", raising=False)
    programs()
    with pytest.raises(SystemExit, match="chromium-headless-shell fontconfig fonts-noto-cjk gnupg poppler-utils"):
        install.browser()


def test_named_browser_is_taken_as_it_is(programs, monkeypatch):
    monkeypatch.setenv("CHROMIUM", "/somewhere/chrome")
    programs(pdftotext="", pdftoppm="", gpg="", fc_list="echo Noto Sans CJK SC")
    install.browser()


@pytest.fixture
def checkout(tmp_path):
    """A checkout whose .venv/bin/python only writes down what it was asked."""
    (tmp_path / "launch").mkdir()
    shutil.copy(install.__file__, tmp_path / "launch")
    (tmp_path / "requirements.txt").write_text("django==5.2\n")
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\necho "$*" >> {tmp_path}/asked\necho 3 11\n')
    python.chmod(0o755)
    return tmp_path


def installations(checkout) -> int:
    """How often pip was called by setting the checkout up once more."""
    (checkout / "asked").write_text("")
    subprocess.run([sys.executable, checkout / "launch" / "install.py", "runtime"], check=True)
    return (checkout / "asked").read_text().count("pip install")


def test_lock_is_installed_once_and_again_when_it_changes(checkout):
    assert installations(checkout) == 1
    assert installations(checkout) == 0
    (checkout / "requirements.txt").write_text("django==5.2.1\n")
    assert installations(checkout) == 1


def test_set_up_needs_only_the_lock_as_it_stands(checkout):
    installations(checkout)
    assert (
        "pip install -qq --disable-pip-version-check --no-deps --no-compile --require-hashes -r"
        in (checkout / "asked").read_text()
    )


def test_taken_port_names_the_next_one():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(SystemExit, match=f"(?s)端口 {port} 不可用.*PORT={port + 1} make run"):
            run.check_port("127.0.0.1", port)


@pytest.mark.parametrize("lock", ["requirements.txt", "requirements-dev.txt"])
def test_locks_pin_every_package_and_name_no_registry(lock):
    text = (install.ROOT / lock).read_text()
    lines = [line for line in text.replace("\\\n", "").splitlines() if line and not line.lstrip().startswith("#")]
    assert all(re.fullmatch(r"\S+==[^\s;]+( ; [^-]+)?(\s+--hash=sha256:[0-9a-f]{64})+", line) for line in lines)
    assert "://" not in text


@pytest.mark.parametrize("package", ["jax", "jaxlib", "sounddevice", "sentencepiece", "opencv-contrib-python"])
def test_lock_keeps_out_what_is_never_imported(package):
    assert f"\n{package}==" not in (install.ROOT / "requirements.txt").read_text()
