#!/bin/sh
# Tables, rights and static files, before the product starts. By the owner of the tables, in compose.yaml.
set -eu
umask 027
cd /opt/tucai
[ -z "${VERSION:-}" ] || echo "$VERSION" >/var/lib/tucai/version
.venv/bin/python manage.py migrate --verbosity 0
.venv/bin/python manage.py collectstatic --noinput --verbosity 0
.venv/bin/python manage.py check --deploy --fail-level WARNING
