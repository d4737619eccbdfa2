"""The containers of deploy/container run what the units of deploy/systemd run, with the same environment and limits."""

import re
import shlex
from pathlib import Path

import pytest
import yaml

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
COMPOSE = yaml.safe_load((DEPLOY / "container/compose.yaml").read_text())
SERVICES = COMPOSE["services"]
DOCKERFILE = (DEPLOY / "container/Dockerfile").read_text()
INSTALL = (DEPLOY / "install.sh").read_text()
# A service of compose.yaml, its unit and the instance of it.
UNITS = {
    "web1": ("tucai-web@", "8001"),
    "web2": ("tucai-web@", "8002"),
    "photos": ("tucai-worker@", "photos"),
    "builds": ("tucai-worker@", "builds"),
    "beat": ("tucai-beat", ""),
    "watch": ("tucai-watch", ""),
    "backup": ("tucai-backup", ""),
}
OF_THE_UNIT_ALONE = {"tucai-worker-%i.env"}  # QUEUES and CONCURRENCY, which stand in the command here


def unit(name: str) -> dict[str, list[str]]:
    """{setting: its values}"""
    found: dict[str, list[str]] = {}
    for line in (DEPLOY / f"systemd/{name}.service").read_text().splitlines():
        setting, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            found.setdefault(setting, []).append(value)
    return found


def queues(instance: str) -> str:
    """The queues that deploy/install.sh writes for a worker."""
    (written,) = re.findall(rf"tucai-worker-{instance}\.env \] \|\| printf 'QUEUES=(\S+?)\\n", INSTALL)
    return written


@pytest.mark.parametrize("name", UNITS)
def test_a_container_is_its_unit(name):
    template, instance = UNITS[name]
    expected, service = unit(template), SERVICES[name]
    (command,) = expected["ExecStart"]
    if name == "watch":  # a timer starts the unit every minute, a loop the command
        loop = (DEPLOY / "container/watch.sh").read_text()
        assert command.removeprefix("/opt/tucai/.venv/bin/python ") in loop
        assert "OnUnitInactiveSec=1min" in (DEPLOY / "systemd/tucai-watch.timer").read_text()
        assert "sleep 60" in loop
    else:
        words = [word.replace("%i", instance).replace("%%", "%") for word in shlex.split(command)]
        if instance in ("photos", "builds"):
            words[words.index("${QUEUES}")] = queues(instance)
            words[words.index("${CONCURRENCY}")] = "${PHOTO_PROCESSES:-1}" if name == "photos" else "1"
        assert service["command"] == words

    files = {Path(file).name for file in expected["EnvironmentFile"]} - OF_THE_UNIT_ALONE
    assert {Path(file).name for file in service["env_file"]} == files
    given = dict(word.split("=", 1) for line in expected.get("Environment", []) for word in shlex.split(line))
    assert service.get("environment", {}).keys() == {one.replace("%i", instance) for one in given}
    if "PORT" in given:
        assert service["environment"]["PORT"] == instance

    memory = service["mem_limit"].upper()
    assert memory == expected["MemoryMax"][0]
    assert str(service["pids_limit"]) == expected["TasksMax"][0]
    if "TimeoutStopSec" in expected:
        assert service["stop_grace_period"] == f"{expected['TimeoutStopSec'][0]}s"


@pytest.mark.parametrize("name", [name for name in SERVICES if SERVICES[name]["image"] == "tucai"])
def test_a_container_of_ours_may_do_no_more_than_a_unit(name):
    service = SERVICES[name]
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert service["user"] == "10001:10001"
    owner = any("tucai-owner.env" in file for file in service["env_file"])
    assert owner == (name in ("setup", "backup"))
    workers = any("tucai-workers.env" in file for file in service["env_file"])
    assert workers == (name not in ("web1", "web2", "beat"))


def test_the_webs_are_asked_whether_they_are_ready():
    for name in ("web1", "web2"):
        assert SERVICES[name]["healthcheck"]["test"][-1] == "deploy/container/ready.py"
    assert "/health/ready" in (DEPLOY / "container/ready.py").read_text()
    assert SERVICES["front"]["depends_on"] == {
        "web1": {"condition": "service_healthy"},
        "web2": {"condition": "service_healthy"},
    }


def test_only_the_front_is_reached_from_outside():
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["front"]
    for name in ("database", "redis"):
        assert SERVICES[name]["networks"] == ["inside"]
    assert COMPOSE["networks"]["inside"]["internal"]


def test_the_image_lies_where_the_installation_lies():
    assert "WORKDIR /opt/tucai" in DOCKERFILE
    assert DOCKERFILE.rstrip().splitlines()[-2] == "USER 10001:10001"
    packages = set(re.search(r'^PACKAGES="(.+)"', INSTALL, re.M)[1].split())
    copied = set(re.findall(r"--no-install-recommends ([^\\\n]+)", DOCKERFILE)[-1].split())
    # git, venv and openssl serve the installation alone; the servers are containers of their own.
    assert copied == packages - {"git", "openssl", "python3.11-venv", "postgresql", "redis-server", "nginx"}
