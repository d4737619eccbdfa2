"""An update as docs/operators.md has it, while visitors read and send: no request may fail. For the trial alone."""

import time

from installed import CERTIFICATE, SITE, check, run

from torture.update import Visitors


def update_under_load() -> None:
    # Four visitors, each ten requests a second at most: below what nginx allows an address.
    visitors = Visitors(SITE, verify=CERTIFICATE, pause=0.1)
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
    check(number > 100, f"slowest answer {visitors.slowest:.1f} s")
