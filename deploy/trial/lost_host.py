"""A host is gone with all that it had. What is left: the night's encrypted backup, and on paper the password of it and two keys. For the trial alone.

On a machine with nothing on it the product is installed, restored by docs/operators.md, and compared with the lost one: every row, every file.
"""

import hashlib
import json
import os
import shutil
import time
from pathlib import Path

from installed import SITE, check, manage, run, sql, visitor, wait_for_the_web
from student import Student

REPOSITORY = Path("/var/backups/tucai")
FILES = Path("/var/lib/tucai/files")
DRILL = Path("/srv/drill/var/lib/tucai-backup")
UNITS = ("tucai-web@8001", "tucai-web@8002", "tucai-worker@photos", "tucai-worker@builds", "tucai-beat")
TIMERS = ("tucai-watch.timer", "tucai-backup.timer")
# What the timetable changes by itself: counters, which `check_counters` proves, and the checkpoints of every five minutes, which `check_history` does.
OWN = (
    "capture_photosby",
    "capture_findingsby",
    "students_studentsby",
    "billing_ordersby",
    "portal_deliveriesby",
    "portal_checkpoint",
)


def the_drill() -> None:
    """The backup is restored beside the product and compared with what was dumped, as docs/operators.md has it."""
    os.environ |= dict(row.split("=", 1) for row in Path("/etc/tucai-backup.env").read_text().splitlines())
    run("restic", "restore", "latest", "--tag", "tucai", "--target", "/srv/drill")
    sql("CREATE DATABASE tucai_drill OWNER tucai_owner TEMPLATE template0")
    files = "/srv/drill/var/lib/tucai/files"
    told = manage("restore_drill", str(DRILL), "--files", files, "--into", "tucai_drill")
    check(told, f"the drill: {told.strip()}")


def hashes() -> dict[str, str]:
    """{file: hash of its content}"""
    found = (path for path in FILES.rglob("*") if path.is_file())
    return {str(path.relative_to(FILES)): hashlib.sha256(path.read_bytes()).hexdigest() for path in found}


def values(path: str, *names: str) -> dict[str, str]:
    rows = dict(row.split("=", 1) for row in Path(path).read_text().splitlines() if "=" in row)
    return {name: rows[name] for name in names}


def host_is_gone() -> None:
    """PostgreSQL's cluster, Redis, files, users, passwords, certificates, configuration."""
    run("systemctl", "stop", *TIMERS, "tucai-backup.service", "tucai-watch.service", *UNITS, "nginx", "redis-server")
    run("systemctl", "disable", *TIMERS, *UNITS, may_fail=True)
    run("pg_dropcluster", "--stop", "15", "main")
    for folder in (
        "/var/lib/tucai",
        "/var/lib/tucai-backup",
        "/var/cache/tucai-backup",
        "/srv/drill",
        "/etc/systemd/system/postgresql@.service.d",
    ):
        shutil.rmtree(folder, ignore_errors=True)
    places = (
        (Path("/etc"), "tucai*.env"),
        (Path("/var/lib/redis"), "*"),
        (Path("/etc/nginx"), "sites-*/tucai*"),
        (Path("/etc/ssl"), "*/tucai.*"),
    )
    for folder, pattern in (*places, (Path("/etc/systemd/system"), "tucai-*")):
        for path in folder.glob(pattern):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    run("deluser", "--quiet", "tucai")
    # The new machine has other users: the product gets another number there. The repository is another machine's.
    run("adduser", "--quiet", "--system", "--group", "--no-create-home", "somebody")
    run("chmod", "-R", "a+rwX", str(REPOSITORY))
    run("pg_createcluster", "--start", "15", "main")  # as Debian's package does


def host_is_lost_and_restored(student: Student, url: str, portrait: bytes) -> None:
    on_paper = values("/etc/tucai.env", "ID_NUMBER_KEY", "HISTORY_KEY")
    password = values("/etc/tucai-backup.env", "RESTIC_PASSWORD")["RESTIC_PASSWORD"]
    # Nobody works while the two are compared; the backup itself is taken as in any night.
    run("systemctl", "stop", "nginx", "tucai-beat")
    time.sleep(10)
    run("systemctl", "start", "tucai-backup.service")
    check(True, "the night's backup")
    the_drill()
    before, files = json.loads((DRILL / "figures.json").read_text()), hashes()
    host_is_gone()
    check(not FILES.exists(), "the host is gone")

    start = time.monotonic()
    Path("/etc/tucai-backup.env").write_text(f"RESTIC_REPOSITORY={REPOSITORY}\nRESTIC_PASSWORD={password}\n")
    told = run("deploy/install.sh")
    check("backups are there already" in told, "the installation finds the backups and makes none of its own")
    environment = Path("/etc/tucai.env")
    new = (row.split("=", 1) for row in environment.read_text().splitlines())
    environment.write_text("".join(f"{name}={on_paper.get(name, value)}\n" for name, value in new))
    print(run("deploy/restore.sh"), flush=True)
    wait_for_the_web()
    check(True, f"installed and restored within {time.monotonic() - start:.0f} s")

    check(hashes() == files, f"each of {len(files)} files is there with its content")
    manage("backup", "--out", "/srv/restored")
    after = json.loads(Path("/srv/restored/figures.json").read_text())
    names = (name for name in before.keys() | after.keys() if not name.startswith(OWN))
    different = sorted(name for name in names if before.get(name) != after.get(name))
    number = sum(found[0] for found in before.values() if len(found) == 2)
    check(not different, f"{len(before)} tables and sequences, {number} rows; different: {different}")
    manage("check_counters")
    manage("check_history")
    manage("check_ledger")
    student.signs_in_again()
    answer = student.session.get(url)
    check(answer.status_code == 200 and answer.content == portrait, "the portrait is there again")
    check(student.sends(77).status_code == 201, "a new photo is taken")
    student.waits_for_the_portrait()
    check(visitor().get(f"{SITE}/health/ready").text == "ready", "ready")
