"""What an operator watches: metrics behind their token, the operator's page, and each alarm, really provoked. For the trial alone."""

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests
from installed import SITE, check, letters, manage, run, setting, sql, visitor, wait_until
from student import Student

OPERATOR = "lihua@trial.test"
DATA = Path("/var/lib/tucai")
BALLAST = Path("/var/lib/ballast")
# Twenty people whose addresses the mail server refuses, and a letter to each.
LETTERS = """
from portal import notifications
from portal.models import Membership, Role, User
from portal.tenancy import system_scope
with system_scope():
    people = [User.objects.create_user(f"gone{n}", f"gone{n}@refused.test", None, full_name=f"离职{n}") for n in range(20)]
    Membership.objects.bulk_create(Membership(user=user, roles=[Role.CENTER_AUDITOR]) for user in people)
    notifications.notify_many(people, school=None, kind="fees.proof_failed", parameters={"n": 1})
"""
REFUSED = "SELECT count(*) FROM portal_delivery WHERE address LIKE '%@refused.test' AND status = 'failed'"
ENDING = {"磁盘", "最近备份", "账目", "待检测照片", "定时任务"}  # alarms that are over when their reason is gone
# A student who counts as paid and has paid nothing, past the triggers.
FEES = "SET session_replication_role = replica; UPDATE students_student SET fee_state = '{}'"


def metrics_are_read_by_who_has_the_token() -> None:
    token = {"Authorization": f"Bearer {setting('HEALTH_TOKEN')}"}
    for port in (8001, 8002):
        own = f"http://127.0.0.1:{port}/metrics"
        stranger = requests.get(own, headers={"Host": "photos.trial.test"}, timeout=20)
        check(b"tucai_" not in stranger.content and stranger.status_code >= 300, f"no metrics without it on {port}")
        answer = requests.get(own, headers=token, timeout=20)
        check(answer.status_code == 200 and "tucai_" in answer.text, f"/metrics of the web on {port}")
    check(visitor().get(f"{SITE}/metrics").status_code == 404, "nobody reads them from outside without it")
    check(visitor().get(f"{SITE}/health/ready").text == "ready", "/health/ready says one word to a stranger")

    def is_well() -> bool:
        return bool(visitor().get(f"{SITE}/health/ready", headers=token).json()["wrong"] == [])

    wait_until(is_well, "/health/ready finds nothing wrong", seconds=180)


def page_of_the_operator(administrator: requests.Session) -> None:
    page = administrator.get(f"{SITE}/center/operation/")
    check(page.status_code == 200, f"the operator's page ({page.status_code})")
    manage("watch", "--test")
    check(told("测试"), "a mail on trial reached the operator")
    state = run("systemctl", "show", "tucai-watch.timer", "--property=ActiveState,LastTriggerUSec")
    check("ActiveState=active" in state, f"the timer of the alarms runs: {state.split()}")


def told(*words: str) -> bool:
    """Whether the subject of a letter to the operator has all of the words."""
    return any(to == OPERATOR and all(word in subject for word in words) for to, subject, _text in letters())


@contextmanager
def filled(path: Path, *, leave: float) -> Iterator[None]:
    """All but this share of the disk of `path`, as the service counts it, is taken."""
    try:
        with BALLAST.open("wb") as file:
            free = shutil.disk_usage(path)
            os.posix_fallocate(file.fileno(), 0, max(1, int(free.free - leave * free.total)))
        yield
    finally:
        BALLAST.unlink(missing_ok=True)


def every_alarm_comes_and_ends(student: Student) -> None:
    """The six that an operator is woken by, at once: what each needs, happens; the timer finds it and mails. That of the letters ends a day later."""
    manage("shell", "-c", LETTERS)
    wait_until(lambda: sql(REFUSED) == "20", "twenty letters are refused for good", seconds=180)
    run("systemctl", "stop", "tucai-worker@photos", "tucai-beat")
    check(student.sends(12).status_code == 201, "a photo is taken while nobody judges")
    os.utime(DATA / "backup-done", (time.time() - 27 * 3600,) * 2)
    sql(FEES.format("paid"))
    run("deploy/manage.sh", "check_ledger", may_fail=True)
    with filled(DATA, leave=0.08):
        for label in ENDING | {"邮件与短信"}:
            wait_until(lambda label=label: told("告警", label), f"the alarm “{label}”", seconds=600)
    sql(FEES.format("unpaid"))
    manage("check_ledger")
    run("systemctl", "start", "tucai-worker@photos", "tucai-beat")
    run("systemctl", "start", "tucai-backup.service")
    student.waits_for_the_portrait()
    for label in ENDING:
        wait_until(lambda label=label: told("已恢复", label), f"it is over: “{label}”", seconds=600)
