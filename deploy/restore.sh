#!/bin/sh
# Restores a backup on this machine, which deploy/install.sh has prepared, with the ID_NUMBER_KEY and HISTORY_KEY of the backup's time
# in /etc/tucai.env: the newest, or the one named (restic snapshots). By root:  deploy/restore.sh [SNAPSHOT]
# The database that is there is left alone until the backup is whole beside it, and stays under another name; files that the backup does not have stay too.
set -eu
umask 077
fail() { echo "$*" >&2; exit 1; }
snapshot=${1:-latest}
case $#:$snapshot in
    [01]:latest) ;;
    1:*[!0-9a-f]* | 1:? | 1:?? | 1:??? | [!1]:*) fail "用法:deploy/restore.sh [快照编号]。 Usage: deploy/restore.sh [SNAPSHOT], a name of 'restic snapshots'." ;;
esac
cd /opt/tucai
sql() { runuser -u postgres -- psql -X -q -v ON_ERROR_STOP=1 "$@"; }
setting() { sed -n "s|^$2=||p" "$1"; }
[ "$(id -u)" = 0 ] || fail "请以 root 运行(加 sudo)。 Run this as root (with sudo)."

RESTIC_REPOSITORY=$(setting /etc/tucai-backup.env RESTIC_REPOSITORY) RESTIC_PASSWORD=$(setting /etc/tucai-backup.env RESTIC_PASSWORD)
export RESTIC_REPOSITORY RESTIC_PASSWORD RESTIC_CACHE_DIR=/var/cache/tucai-backup
# With sftp: the other machine knows the key of tucai, as in the nights.
programs=$(mktemp -d)
printf '#!/bin/sh\nexec runuser -u tucai -- /usr/bin/ssh "$@"\n' >"$programs/ssh"
chmod 700 "$programs/ssh"
PATH=$programs:$PATH
trap 'rm -r "$programs"' EXIT
found=$(restic snapshots --json --tag tucai "$snapshot")
echo "$found" | grep -q '"id"' ||
    fail "没有备份 $snapshot,本机未作任何更改。 There is no backup $snapshot; nothing was changed on this machine."
files=$(setting /etc/tucai.env MEDIA_ROOT)
[ -z "$(setting /etc/tucai.env S3_BUCKET)" ] || files=/var/lib/tucai-backup/files
files=${files:-/var/lib/tucai/files}
echo "$found" | grep -qF "\"$files\"" ||
    fail "备份中的文件不在 $files。请先在 /etc/tucai.env 中照原样填写 MEDIA_ROOT 或 S3_…,再运行 deploy/install.sh。 The files of the backup do not lie in $files:
write MEDIA_ROOT or S3_… of before into /etc/tucai.env and run deploy/install.sh. Nothing was changed. $(echo "$found" | grep -o '"paths":[^]]*]')"
running=""
if [ -d /run/systemd/system ]; then
    running=$(systemctl list-units --plain --no-legend --state=active 'tucai-*.service' 'tucai-*.timer' | cut -d ' ' -f 1)
    systemctl stop 'tucai-*'
fi
# Until the restored database has its name, the portal of before can serve on.
# shellcheck disable=SC2086 # a list of names
gives_up() {
    rm -r "$programs"
    echo "恢复未完成,原有数据库未改动。 The restore was not finished; the database of before is as it was." >&2
    [ -z "$running" ] || systemctl start --no-block $running
}
trap gives_up EXIT
rm -f /var/lib/tucai-backup/tucai.dump
restic restore --quiet "$snapshot" --tag tucai --target /
# On another machine the user may have another number.
chown tucai:tucai /var/lib/tucai /var/lib/tucai-backup
for folder in "$(setting /etc/tucai.env MEDIA_ROOT)" /var/lib/tucai/files /var/lib/tucai-backup/files; do
    [ ! -d "$folder" ] || chown -R tucai:tucai "$folder"
done

sql -c "SET client_min_messages = warning" -c "DROP DATABASE IF EXISTS tucai_restoring" -c "CREATE DATABASE tucai_restoring OWNER tucai_owner ENCODING 'UTF8' TEMPLATE template0"
sed 's/DATABASE tucai /DATABASE tucai_restoring /' deploy/database_settings.sql | sql
PGPASSWORD=$(sed -n 's|^DATABASE_OWNER_URL=postgresql://[a-z_]*:\([^@]*\)@.*|\1|p' /etc/tucai-owner.env)
export PGPASSWORD
pg_restore --no-owner --exit-on-error --host=127.0.0.1 --username=tucai_owner --dbname=tucai_restoring /var/lib/tucai-backup/tucai.dump
trap 'rm -r "$programs"' EXIT
if [ "$(sql -At -c "SELECT count(*) FROM pg_database WHERE datname = 'tucai'")" = 1 ]; then
    aside=tucai_before_$(date +%Y%m%d_%H%M%S)
    sql -c "ALTER DATABASE tucai ALLOW_CONNECTIONS false" \
        -c "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'tucai'" -c "ALTER DATABASE tucai RENAME TO $aside" >/dev/null
    echo "The database of before is $aside: drop it when the restored one is right."
fi
sql -c "ALTER DATABASE tucai_restoring RENAME TO tucai"
rm -f /var/lib/tucai-backup/tucai.dump /var/lib/tucai-backup/figures.json
if [ -n "$(setting /etc/tucai.env S3_BUCKET)" ]; then
    deploy/manage.sh copy_files --from /var/lib/tucai-backup/files
fi
deploy/manage.sh migrate --verbosity 0
deploy/manage.sh check_history
if [ -d /run/systemd/system ]; then
    systemctl start tucai-web@8001 tucai-web@8002 tucai-worker@photos tucai-worker@builds tucai-beat tucai-watch.timer
    systemctl enable --quiet --now tucai-backup.timer
    systemctl start --no-block tucai-backup.service
fi
