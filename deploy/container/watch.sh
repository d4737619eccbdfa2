#!/bin/sh
# manage.py watch every minute, as tucai-watch.timer starts it. What it cannot do stands in the log, and it goes on.
while :; do
    /opt/tucai/.venv/bin/python manage.py watch >/dev/null || echo "manage.py watch ended with $?" >&2
    sleep 60 &
    wait $!
done
