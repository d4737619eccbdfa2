#!/bin/sh
# The part of deploy/trial.sh on the new machine: installs, and uses the product in the scenes that /etc/tucai-trial names, one a word; when it
# names none, in all of them, and installs twice. Run by trial.service.
set -eu
cd /opt/tucai
scenes=$(cat /etc/tucai-trial)
.venv/bin/python deploy/trial/mail_sink.py &
.venv/bin/python deploy/trial/releases.py 1
deploy/install.sh
[ -n "$scenes" ] || deploy/install.sh >/tmp/second.log 2>&1 || { cat /tmp/second.log; exit 1; }
systemd-analyze verify /etc/systemd/system/tucai-*.service /etc/systemd/system/tucai-*.timer
for unit in tucai-web@8001 tucai-worker@photos tucai-beat tucai-watch tucai-backup; do
    systemd-analyze security --no-pager $unit.service | tail -n 1
done
# shellcheck disable=SC2086 # a list of words
exec .venv/bin/python deploy/trial/use.py $scenes
