"""An update as docs/operators.md has it, while visitors read and send: no request may fail. For the trial alone."""

import time
from pathlib import Path

from installed import CERTIFICATE, SITE, check, run, sql

from torture.update import Visitors

BUILDS = Path("/etc/tucai-worker-builds.env")
# What this release has and one before it had not: a setting of the database, a queue, a text of nginx.
OLDER = "ALTER DATABASE tucai RESET ALL"
SETTINGS = "SELECT count(*) FROM pg_db_role_setting, unnest(setconfig) WHERE setrole = 0"


def an_installation_of_before() -> None:
    """Nobody has changed anything by hand."""
    sql(OLDER)
    BUILDS.write_text("QUEUES=build,default,bulk\nCONCURRENCY=1\n")
    for name in ("tucai", "tucai.written"):
        path = Path("/etc/nginx/sites-available", name)
        path.write_text(path.read_text().replace("error_page 500 502 504 =503 $tucai_away;", ""))


def update_under_load() -> None:
    an_installation_of_before()
    # Four visitors, each two requests a second at most, two of three at the sign-in: below the ten that nginx allows an address there.
    visitors = Visitors(SITE, verify=CERTIFICATE, pause=0.5)
    before = run("systemctl", "show", "tucai-web@8001", "tucai-web@8002", "--property=MainPID")
    try:
        run("systemctl", "stop", "tucai-beat", "tucai-worker@photos", "tucai-worker@builds")
        run("deploy/install.sh")
        time.sleep(3)
    finally:
        visitors.end()
    after = run("systemctl", "show", "tucai-web@8001", "tucai-web@8002", "--property=MainPID")
    check(not set(before.split()) & set(after.split()), "each web was started anew")
    number = sum(visitors.answers.values())
    told = "".join(f"\n    {line}" for line in visitors.failures[:20])
    check(not visitors.failures, f"the update failed {len(visitors.failures)} of {number} requests{told}")
    check({status for _request, status in visitors.answers} <= {200, 302, 400, 403}, f"{dict(visitors.answers)}")
    check(sql(SETTINGS) == "6", "the database has the settings of this release")
    check("imports" in BUILDS.read_text() and "faces" in BUILDS.read_text(), "its queues have a worker")
    check("$tucai_away;" in Path("/etc/nginx/sites-available/tucai").read_text(), "nginx has its text")
    check(number > 100, f"slowest answer {visitors.slowest:.1f} s")
