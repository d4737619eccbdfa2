"""The disk is filled for real, by photos and sheets, and freed again: nothing that was taken is lost. For the trial alone."""

import subprocess
import time

from installed import SITE, check, manage, run, sql, visitor, wait_for_the_web, wait_until
from student import Student
from watched import DATA, filled

AS_POSTGRES = ("timeout", "20", "runuser", "-u", "postgres", "--", "psql", "-X", "-q", "-At", "-c")
PHOTOS = "SELECT count(*) FROM capture_photo"
FILES_GONE = """
from pathlib import Path
from django.conf import settings
from capture.models import Photo
from portal.tenancy import system_scope
with system_scope():
    print("missing", sum(not Path(settings.MEDIA_ROOT, photo.original.name).exists() for photo in Photo.objects.all()))
"""


def disk_is_full_and_freed(student: Student) -> None:
    taken, refused, answers = 0, "", []
    run("systemctl", "stop", "tucai-web@8001", "tucai-web@8002")
    away = student.sends(19)
    check(away.status_code == 503 and "error" in away.json(), f"while no web runs: {away.status_code} {away.text}")
    run("systemctl", "start", "tucai-web@8001", "tucai-web@8002")
    wait_for_the_web()
    with filled(DATA, leave=0.02):
        start = time.monotonic()
        # What is left goes to photos, and to a file that grows beside them as the logs of a busy machine do.
        with (DATA / "grows").open("wb") as grows:
            while time.monotonic() - start < 240:
                try:
                    grows.write(bytes(8 << 20))
                    grows.flush()
                except OSError:
                    pass
                answer = student.sends(20 + len(answers) % 7)
                answers.append(answer.status_code)
                taken += answer.status_code == 201
                if answer.status_code >= 500:
                    refused = answer.text
                    break
        check(taken, f"{taken} photos were taken until the disk was full")
        check(refused and "Traceback" not in refused and answers[-1] == 503, f"then: {answers[-1]} {refused[:200]}")
        check(visitor().get(f"{SITE}/health/ready").status_code in (503, 502), "/health/ready says that it is not")
        sheets = subprocess.run(
            ["deploy/manage.sh", "build_sheets", "90001", "--out", "/var/lib/tucai/sheets"],
            cwd="/opt/tucai",
            capture_output=True,
            text=True,
            check=False,
        )
        check("Traceback" not in sheets.stderr, f"sheets: {sheets.returncode} {sheets.stderr.strip()[-200:]}")
        # PostgreSQL ends when it has no room for its log: as on a busier machine, at once.
        for _each in range(8):
            run(
                *AS_POSTGRES,
                "SELECT pg_switch_wal(), pg_logical_emit_message(true, '', repeat('x', 1000000))",
                may_fail=True,
            )
        time.sleep(60)  # sweeps and alarms meet the full disk
    (DATA / "grows").unlink()
    wait_until(
        lambda: visitor().get(f"{SITE}/health/ready").text == "ready", "ready again without any help", seconds=300
    )
    state = run(
        "systemctl",
        "is-failed",
        "postgresql@15-main",
        "redis-server",
        "tucai-web@8001",
        "tucai-web@8002",
        "tucai-worker@photos",
        "tucai-beat",
        may_fail=True,
    )
    check("failed" not in state.replace("\n", " ").split(), f"no unit has given up: {state.split()}")
    wait_until(lambda: student.photo().get("status", "checking") != "checking", "the last photo is judged", seconds=240)
    check(int(sql(PHOTOS)) >= taken, f"{taken} photos answered, {sql(PHOTOS)} in the database")
    check("missing 0" in manage("shell", "-c", FILES_GONE), "the file of each is there")
    manage("check_history")
