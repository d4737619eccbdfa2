#!/bin/sh
# Restores a backup into the containers of compose.yaml, with the ID_NUMBER_KEY and HISTORY_KEY of the backup's time in private/tucai.env: the newest,
# or the one named (docker compose run --rm backup restic snapshots):  deploy/container/restore.sh [SNAPSHOT]
# A database that is there stays, under another name; files that the backup does not have stay too.
set -eu
cd "$(dirname "$0")"
case $#:${1:-latest} in
    [01]:latest) ;;
    1:*[!0-9a-f]* | 1:? | 1:?? | 1:??? | [!1]:*) echo "用法:deploy/container/restore.sh [快照编号]。 Usage: deploy/container/restore.sh [SNAPSHOT], a name of 'restic snapshots'." >&2 && exit 1 ;;
esac
sql() { docker compose exec -T database psql -U postgres -X -q -v ON_ERROR_STOP=1 "$@"; }
docker compose stop web1 web2 photos builds beat watch
# Beside the files first, since only they and the dump can be written. Files of a bucket go back into it.
# shellcheck disable=SC2016 # the variables are those of the container
docker compose run --rm backup sh -eu -c '
    restored=/var/lib/tucai/restored
    restic restore --quiet "$1" --tag tucai --target $restored
    [ ! -d $restored/var/lib/tucai/files ] || cp -alf $restored/var/lib/tucai/files/. /var/lib/tucai/files/
    [ -z "${S3_BUCKET:-}" ] || .venv/bin/python manage.py copy_files --from $restored/var/lib/tucai-backup/files
    cp $restored/var/lib/tucai-backup/tucai.dump /var/lib/tucai-backup/
    rm -r $restored' sh "${1:-latest}"
if [ "$(sql -At -c "SELECT count(*) FROM pg_database WHERE datname = 'tucai'")" = 1 ]; then
    aside=tucai_before_$(date +%Y%m%d_%H%M%S)
    sql -c "ALTER DATABASE tucai ALLOW_CONNECTIONS false" \
        -c "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'tucai'" -c "ALTER DATABASE tucai RENAME TO $aside" >/dev/null
    echo "The database of before is $aside: drop it when the restored one is right."
fi
sql -c "CREATE DATABASE tucai OWNER tucai_owner ENCODING 'UTF8' TEMPLATE template0"
sql <../database_settings.sql
# shellcheck disable=SC2016 # the address is that of the container
docker compose run --rm backup sh -c 'pg_restore --no-owner --exit-on-error --dbname="$DATABASE_OWNER_URL" /var/lib/tucai-backup/tucai.dump && rm /var/lib/tucai-backup/tucai.dump'
docker compose run --rm setup
docker compose run --rm manage check_history
docker compose up -d
