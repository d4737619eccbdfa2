#!/bin/sh
# The part of deploy/trial.sh inside the root: installs, installs again, and uses the product.
set -eu
ip link set lo up 2>/dev/null || /opt/tucai/.venv/bin/python /opt/tucai/deploy/trial/loopback.py
cd /opt/tucai
.venv/bin/python deploy/trial/mail_sink.py &
deploy/install.sh
deploy/install.sh >/tmp/second.log 2>&1 || { cat /tmp/second.log; exit 1; }
systemd-analyze verify /etc/systemd/system/tucai-*.service /etc/systemd/system/tucai-backup.timer
.venv/bin/python deploy/trial/units.py &
.venv/bin/python deploy/trial/use.py
