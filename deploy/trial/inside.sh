#!/bin/sh
# The part of deploy/trial.sh on the new machine: installs, installs again, and uses the product. Run by trial.service.
set -eu
cd /opt/tucai
.venv/bin/python deploy/trial/mail_sink.py &
deploy/install.sh
deploy/install.sh >/tmp/second.log 2>&1 || { cat /tmp/second.log; exit 1; }
systemd-analyze verify /etc/systemd/system/tucai-*.service /etc/systemd/system/tucai-*.timer
for unit in tucai-web@8001 tucai-worker@photos tucai-beat tucai-watch tucai-backup; do
    systemd-analyze security --no-pager $unit.service | tail -n 1
done
exec .venv/bin/python deploy/trial/use.py
