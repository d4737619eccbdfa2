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
files=${MEDIA_ROOT:-/var/lib/tucai/files}
if [ -n "${S3_BUCKET:-}" ]; then
    # What is new in the bucket comes to this machine, what is no longer in it goes.
    files=$folder/files
    .venv/bin/python manage.py copy_files --out "$files"
fi
restic backup --quiet --tag tucai "$folder" "$files"
restic forget --quiet --tag tucai --keep-daily 14 --keep-weekly 8 --prune
restic check --quiet --read-data-subset=1%
# The operators are told when this is older than a day (manage.py watch).
touch "${TUCAI_DATA:-/var/lib/tucai}/backup-done"
