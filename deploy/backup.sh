#!/bin/sh
# One encrypted backup: the database, then the files; then what is past its retention goes. Run by tucai-backup.timer.
# RESTIC_REPOSITORY and RESTIC_PASSWORD stand in /etc/tucai-backup.env. restic encrypts before anything leaves this machine.
set -eu
umask 077
cd /opt/tucai
folder=${STATE_DIRECTORY:-/var/lib/tucai-backup}
trap 'rm -f "$folder/tucai.dump" "$folder/figures.json"' EXIT
# The database first: a file without a row is harmless, a row without its file is not.
.venv/bin/python manage.py backup --out "$folder"
restic backup --quiet --tag tucai "$folder" /var/lib/tucai/files
restic forget --quiet --tag tucai --keep-daily 14 --keep-weekly 8 --prune
restic check --quiet --read-data-subset=1%
# The operators are told when this is older than a day (manage.py watch).
touch "${TUCAI_DATA:-/var/lib/tucai}/backup-done"
