#!/bin/sh
# The roles and the database, or what a later release changes about the roles. By PostgreSQL's superuser, in compose.yaml.
set -eu
sql() { psql -X -q -v ON_ERROR_STOP=1 "$@"; }
if [ "$(sql -At -c "SELECT count(*) FROM pg_roles WHERE rolname = 'tucai_owner'")" = 1 ]; then
    sql -f /roles/scope_roles.sql
    [ "$(sql -At -c "SELECT count(*) FROM pg_database WHERE datname = 'tucai'")" = 1 ] ||
        sql -c "CREATE DATABASE tucai OWNER tucai_owner ENCODING 'UTF8' TEMPLATE template0"
    sql -f /roles/database_settings.sql
    exit 0
fi
sql <<END
\\set owner_password $OWNER_PASSWORD
\\set web_password $WEB_PASSWORD
\\set worker_password $WORKER_PASSWORD
\\i /roles/roles.sql
END
