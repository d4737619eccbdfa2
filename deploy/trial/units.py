"""Starts what the installed units say, where systemd does not run: the program, the user, the files of the environment,
the folder and the umask. Nothing of the sandbox. For the trial alone.

python units.py            every enabled unit, until it is ended
python units.py NAME       one unit (tucai-backup.service), to its end
"""

import os
import pwd
import shlex
import subprocess
import sys
from pathlib import Path

UNITS = Path("/etc/systemd/system")
ENABLED = UNITS / "multi-user.target.wants"


def lines_of(unit: Path) -> list[tuple[str, str]]:
    """(name, value) of the lines of [Service]."""
    service = unit.read_text().partition("[Service]")[2].partition("\n[")[0]
    pairs = (line.partition("=") for line in service.splitlines() if "=" in line and not line.startswith("#"))
    return [(name, value) for name, _equals, value in pairs]


def start(name: str) -> subprocess.Popen[bytes]:
    instance = name.partition("@")[2].removesuffix(".service")
    template = f"{name.partition('@')[0]}@.service" if instance else name
    lines = [(key, value.replace("%%", "%").replace("%i", instance)) for key, value in lines_of(UNITS / template)]
    given = dict(lines)
    environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}
    for key, value in lines:
        if key == "EnvironmentFile":
            rows = [row for row in Path(value).read_text().splitlines() if row and not row.startswith("#")]
            environment |= dict(row.split("=", 1) for row in rows)
        if key == "Environment":
            environment |= dict(word.split("=", 1) for word in shlex.split(value))
    account = pwd.getpwnam(given["User"])
    for key, parent in (("StateDirectory", "/var/lib"), ("CacheDirectory", "/var/cache")):
        if key in given:
            folder = Path(parent, given[key])
            folder.mkdir(mode=0o700, exist_ok=True)
            os.chown(folder, account.pw_uid, account.pw_gid)
            environment[f"{key.removesuffix('Directory').upper()}_DIRECTORY"] = str(folder)
    words = shlex.split(given["ExecStart"])
    for variable, value in environment.items():
        words = [word.replace(f"${{{variable}}}", value) for word in words]
    return subprocess.Popen(
        words,
        cwd=given["WorkingDirectory"],
        env=environment,
        user=account.pw_uid,
        group=account.pw_gid,
        extra_groups=[],
        umask=int(given["UMask"], 8),
    )


def main() -> int:
    if len(sys.argv) > 1:
        return start(sys.argv[1]).wait()
    started = [start(unit.name) for unit in sorted(ENABLED.glob("tucai-*"))]
    return max(process.wait() for process in started)


if __name__ == "__main__":
    sys.exit(main())
