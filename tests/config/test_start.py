"""Every program ends its start with one sentence when the environment is not understood, without a trace."""

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.utils.module_loading import import_string

from config import payment_merchants
from launch import environment

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = {
    "manage": ("manage.py", "check"),
    "celery": ("-m", "celery", "-A", "config", "worker", "-c", "1"),
    "beat": ("-m", "celery", "-A", "config", "beat"),
    "web": ("-m", "config.web"),
}


def start(program: str, tmp_path: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Start a program of the product without services; its output and its exit code."""
    given = {"PATH": "/usr/bin:/bin", "TUCAI_SERVICES": "none", "TUCAI_DATA": str(tmp_path), **variables}
    return subprocess.run(
        [sys.executable, *PROGRAMS[program]],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=ROOT,
        env=given,
        check=False,
    )


@pytest.mark.parametrize("program", PROGRAMS)
def test_program_ends_with_a_sentence(program, tmp_path):
    done = start(program, tmp_path, HTTPS="enabled")
    assert done.returncode == 1
    output = done.stdout + done.stderr
    assert 'HTTPS is "enabled", which is not understood. Allowed: 1/0, true/false, yes/no, on/off.' in output
    assert "Traceback" not in output


WRONG = [
    ("DEBUG", "maybe", "which is not understood"),
    ("PORT", "80a", "a whole number from 1 to 65535"),
    ("TUCAI_SWEEP_SECONDS", "0", "a whole number from 1 to 3600"),
    ("LOG_LEVEL", "loud", "Allowed: DEBUG, INFO, WARNING, ERROR, CRITICAL"),
    ("PAYMENT_MERCHANTS", "/nowhere/merchants.toml", "PAYMENT_MERCHANTS: /nowhere/merchants.toml cannot be read"),
    ("TUCAI_SERVICES", "some", "Allowed: none"),
    ("REDIS_URL", "http://hidden", "REDIS_URL (not shown here)"),
    ("SECRET_KEY_FILE", "/nowhere/hidden", "SECRET_KEY_FILE names /nowhere/hidden"),
    ("EMAIL_HOST_PASSWORD_FILE", "/nowhere/hidden", "which cannot be read"),
    ("TUCAI_CLAIMS_SECONDS", "5", "Do you mean TUCAI_CLAIM_SECONDS?"),
]
# `manage.py check` once for each of them, each in a child of one process that has the packages and nothing of ours.
ONE_AFTER_THE_OTHER = """
import json, os, runpy, sys
import celery.app.base, celery.schedules, django.core.management

codes = []
for name, value in json.loads(sys.argv[1]):
    child = os.fork()
    if child == 0:
        os.environ[name] = value
        os.dup2(os.open(f"{sys.argv[2]}/{name}", os.O_CREAT | os.O_WRONLY), 2)
        sys.argv = ["manage.py", "check"]
        runpy.run_path("manage.py", run_name="__main__")
        sys.exit(0)
    codes.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
print(json.dumps(codes))
"""


@pytest.fixture(scope="module")
def endings(tmp_path_factory) -> dict[str, tuple[int, str]]:
    """{name: exit code and what was said}."""
    folder, said = tmp_path_factory.mktemp("data"), tmp_path_factory.mktemp("said")
    given = {"PATH": "/usr/bin:/bin", "TUCAI_SERVICES": "none", "TUCAI_DATA": str(folder)}
    command = [sys.executable, "-c", ONE_AFTER_THE_OTHER, json.dumps([case[:2] for case in WRONG]), str(said)]
    done = subprocess.run(command, cwd=ROOT, env=given, capture_output=True, text=True, check=True)
    codes = json.loads(done.stdout)
    return {name: (code, (said / name).read_text()) for (name, *_), code in zip(WRONG, codes, strict=True)}


@pytest.mark.parametrize(("name", "sentence"), [(name, sentence) for name, _value, sentence in WRONG])
def test_each_setting_is_checked(name, sentence, endings):
    code, said = endings[name]
    assert code == 1
    assert sentence in said
    assert len(said.strip().splitlines()) == 1


def test_production_does_not_start_with_pages_that_show_traces(tmp_path):
    done = start("manage", tmp_path, DEBUG="1", TUCAI_LOCAL="0")
    assert (done.returncode, "not in production" in done.stderr) == (1, True), done.stderr


def test_a_command_says_what_is_away_without_a_trace(tmp_path):
    given = {"PATH": "", "TUCAI_SERVICES": "none", "TUCAI_DATA": str(tmp_path)}  # nobody listens at this database
    command = [sys.executable, "manage.py", "check_ledger"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=given, check=False)
    assert done.returncode == 1
    assert "PostgreSQL, Redis, the stored files or the disk cannot be used" in done.stderr
    assert "Traceback" not in done.stderr


def test_passwords_of_production_are_hashed_slowly(tmp_path):
    code = "from django.contrib.auth import hashers; h = hashers.get_hasher(); print(h.algorithm, h.iterations)"
    given = {"PATH": "/usr/bin:/bin", "TUCAI_SERVICES": "none", "TUCAI_DATA": str(tmp_path)}
    given["DJANGO_SETTINGS_MODULE"] = "config.settings"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, env=given, capture_output=True, text=True, check=False)
    algorithm, rounds = done.stdout.split()
    assert (algorithm, int(rounds) >= 600_000) == ("sealed", True)


def test_secrets_come_from_files(tmp_path):
    (tmp_path / "key").write_text("a" * 60 + "\n")
    given = {"ID_NUMBER_KEY": "b" * 60, "HISTORY_KEY": "c" * 60}
    done = start("manage", tmp_path, SECRET_KEY_FILE=str(tmp_path / "key"), **given)
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "secrets.json").exists()


def test_migrating_needs_the_owners_address(tmp_path):
    given = {"DATABASE_URL": "postgresql://tucai_app:hidden@127.0.0.1:1/tucai", "TUCAI_LOCAL": "1"}
    done = subprocess.run(
        [sys.executable, "manage.py", "migrate"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={"PATH": "", "TUCAI_SERVICES": "none", "TUCAI_DATA": str(tmp_path), **given},
        check=False,
    )
    assert done.returncode == 1
    assert "set DATABASE_OWNER_URL for it" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize("room", ["config", "launch", "portal", "billing"])
def test_nothing_asks_which_program_loads_the_settings(room):
    """Entry points read their own arguments; no other module looks at the command line or at what is imported."""
    own = {"launch/install.py", "launch/translations.py"}
    found = {
        str(path.relative_to(ROOT))
        for path in (ROOT / room).rglob("*.py")
        if "sys.argv" in path.read_text() or "sys.modules" in path.read_text()
    }
    assert found - own == set()


def variables() -> set[str]:
    """The names that config and launch read from the environment."""
    readers = {name for name in vars(environment) if not name.startswith("_")}
    return {
        node.args[0].value
        for room in ("config", "launch")
        for path in (ROOT / room).glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in readers
        and node.args
        and isinstance(node.args[0], ast.Constant)
        and re.fullmatch(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*", str(node.args[0].value))
    }


def test_every_variable_is_explained_to_operators():
    assert {"HTTPS", "PORT", "DATABASE_OWNER_URL", "TUCAI_SWEEP_SECONDS"} <= variables()
    explained = (ROOT / "docs" / "operators.md").read_text()
    assert {name for name in variables() if f"`{name}`" not in explained} == set()


def test_payment_providers_stand_under_their_own_names():
    paths = settings.PAYMENT_PROVIDERS
    assert {import_string(path).name: path for path in paths.values()} == paths
    assert set(settings.PAYMENT_PROVIDERS) == set(payment_merchants.FIELDS)
