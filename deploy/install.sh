#!/bin/sh
# Installs Tucai on Debian 12, or brings an installation up to date. Run as root from /opt/tucai:
#   deploy/install.sh            everything; may be run again and again
#   deploy/install.sh packages   only what needs the network: packages of Debian and of Python
# Asks nothing: what differs between machines stands in /etc/tucai-install.conf. Passwords and keys are drawn once, into /etc/tucai*.env,
# and never changed. docs/operators.md explains each step.
set -eu
umask 022
export LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive
HERE=$(cd "$(dirname "$0")/.." && pwd)
CONF=/etc/tucai-install.conf
PYTHON=/usr/bin/python3.11
DATA=/var/lib/tucai
PACKAGES="ca-certificates git openssl python3.11 python3.11-venv postgresql postgresql-client redis-server nginx restic libstdc++6 zlib1g"

LOADED="
import django; django.setup()
import celery.bin.celery, celery.bin.worker, celery.bin.beat, waitress, cv2, mediapipe, reportlab, openpyxl, docx
from django.urls import get_resolver; get_resolver().url_patterns"

# shellcheck source=deploy/environment.sh
. "$HERE/deploy/environment.sh"

check_machine() {
    [ "$(id -u)" = 0 ] || fail "请以 root 运行(加 sudo)。 Run this as root (with sudo)."
    [ "$HERE" = /opt/tucai ] || fail "代码须放在 /opt/tucai,现在是 $HERE。 The code must lie in /opt/tucai, it lies in $HERE."
    # shellcheck source=/dev/null
    . /etc/os-release
    [ "${ID:-}:${VERSION_ID:-}" = debian:12 ] || fail "仅支持 Debian 12,本机为 ${PRETTY_NAME:-未知}。 Debian 12 is needed, this is ${PRETTY_NAME:-unknown}."
    check_settings
}

install_packages() {
    missing=""
    for package in $PACKAGES; do
        [ "$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null)" = "install ok installed" ] || missing="$missing $package"
    done
    if [ -n "$missing" ]; then
        say "Debian:$missing"
        apt-get update -qq
        # shellcheck disable=SC2086 # a list of names
        apt-get install -y -qq --no-install-recommends $missing
    fi
    say "Python: .venv"
    $PYTHON launch/install.py runtime
    .venv/bin/python -m launch.translations
    # The service cannot write here. Whatever root loads once has its byte code, so that no process of the service compiles it again.
    .venv/bin/python -m compileall -q launch config portal schools students capture billing proofing printing year_end demo vision
    TUCAI_SERVICES=none DJANGO_SETTINGS_MODULE=config.settings TUCAI_LOCAL=1 SECRET_KEY="$(draw)" ID_NUMBER_KEY="$(draw)" HISTORY_KEY="$(draw)" \
        TUCAI_DATA=/tmp .venv/bin/python -c "$LOADED"
}

make_users() {
    id tucai >/dev/null 2>&1 || adduser --quiet --system --group --home "$DATA" tucai
    install -d -o tucai -g tucai -m 750 "$DATA" "$DATA/files"
    # nginx sends the private files that Django has allowed.
    usermod -a -G tucai www-data
}

# A photo process takes 0.35 GB and a core; 3 GB are for two webs, builds, PostgreSQL and Redis.
photo_processes() {
    given=$(setting PHOTO_PROCESSES)
    fits=$((($(awk '/MemTotal/ {print int($2 / 1024)}' /proc/meminfo) - 3000) / 400))
    cores=$(nproc)
    [ "$fits" -lt 1 ] && fits=1
    echo "${given:-$((cores < fits ? cores : fits))}"
}

# Started anew only for a new configuration: an update sends nobody away.
start_databases() {
    is_here /etc/tucai-owner.env || {
        say "PostgreSQL and Redis are another machine's: Debian's own stop here"
        [ ! -d /run/systemd/system ] || systemctl disable --quiet --now postgresql redis-server
        return 0
    }
    say "PostgreSQL, Redis"
    memory=$(awk '/MemTotal/ {print int($2 / 1024)}' /proc/meminfo)
    verb=start
    for folder in /etc/postgresql/*/main/conf.d; do
        [ -e "$folder/tucai.conf" ] && continue
        verb=restart
        put postgres:postgres 644 "$folder/tucai.conf" <<END
# A quarter of the memory, at most 8 GB; a connection each for the threads of two webs, for workers, and room.
shared_buffers = $((memory / 4 < 8192 ? memory / 4 : 8192))MB
max_connections = 100
END
    done
    service postgresql $verb
    verb=start
    if printf 'requirepass %s\nappendonly yes\n' "$(password_in /etc/tucai.env)" | replace redis:redis 640 /etc/redis/tucai.conf; then verb=restart; fi
    grep -qx 'include /etc/redis/tucai.conf' /etc/redis/redis.conf || echo 'include /etc/redis/tucai.conf' >>/etc/redis/redis.conf
    service redis-server $verb
}

sql() { runuser -u postgres -- psql -X -q -v ON_ERROR_STOP=1 "$@"; }

make_database() {
    ! is_here /etc/tucai-owner.env || make_roles
    git log -1 --format='%h, %cs' 2>/dev/null | put tucai:tucai 644 "$DATA/version"
    say "migrate, static files"
    deploy/manage.sh migrate --verbosity 0 ||
        fail "数据库尚未更新完,网页仍是更新前的版本,照常服务。处理好上面所说的问题,再次运行 deploy/install.sh。 The tables are not yet those of this release; the web of before serves on. Put right what stands above and run deploy/install.sh again."
    deploy/manage.sh collectstatic --noinput --verbosity 0
}

make_roles() {
    for _second in $(seq 30); do
        sql -c '' 2>/dev/null && break
        sleep 1
    done
    if [ "$(sql -At -c "SELECT count(*) FROM pg_roles WHERE rolname = 'tucai_owner'")" = 0 ]; then
        say "roles, database"
        # By stdin: what stands on a command line, everybody on the machine can read.
        sql <<END
\\set owner_password $(password_in /etc/tucai-owner.env)
\\set web_password $(password_in /etc/tucai-web.env)
\\set worker_password $(password_in /etc/tucai-workers.env)
\\i deploy/roles.sql
END
    else
        sql -f deploy/scope_roles.sql
        [ "$(sql -At -c "SELECT count(*) FROM pg_database WHERE datname = 'tucai'")" = 1 ] ||
            sql -c "CREATE DATABASE tucai OWNER tucai_owner ENCODING 'UTF8' TEMPLATE template0"
        sql -f deploy/database_settings.sql
    fi
}

install_units() {
    say "units"
    photos=$(photo_processes)
    cp deploy/systemd/tucai-* /etc/systemd/system/
    install -D -m 644 deploy/systemd/postgresql.conf /etc/systemd/system/postgresql@.service.d/tucai.conf
    [ -e /etc/tucai-worker-photos.env ] || printf 'QUEUES=check,produce\nCONCURRENCY=%s\n' "$photos" | put root:root 644 /etc/tucai-worker-photos.env
    [ -e /etc/tucai-worker-builds.env ] || printf 'QUEUES=build,imports,default,bulk,faces\nCONCURRENCY=1\n' | put root:root 644 /etc/tucai-worker-builds.env
    # A release may bring a queue; a worker that does not name it takes nothing from it.
    for queue in check produce build imports default bulk faces; do
        grep -qs "^QUEUES=.*\b$queue\b" /etc/tucai-worker-*.env && continue
        say "no worker takes from the queue $queue: /etc/tucai-worker-builds.env names it now"
        sed -i "s/^QUEUES=.*/&,$queue/" /etc/tucai-worker-builds.env
    done
    photos=$(secret_of /etc/tucai-worker-photos.env CONCURRENCY)
    install -d /etc/systemd/system/tucai-worker@photos.service.d
    printf '# 0.5 GB for each of %s processes, and 1 GB.\n[Service]\nMemoryHigh=%sM\nMemoryMax=%sM\n' "$photos" $((photos * 500 + 600)) $((photos * 500 + 1000)) |
        put root:root 644 /etc/systemd/system/tucai-worker@photos.service.d/memory.conf
    # Private files on a mount of their own (a shared folder): nothing starts before it is there.
    for unit in web@ worker@ beat watch backup; do
        install -d "/etc/systemd/system/tucai-$unit.service.d"
        printf '[Unit]\nRequiresMountsFor=%s\n' "$(files_folder /etc/tucai.env)" | put root:root 644 "/etc/systemd/system/tucai-$unit.service.d/files.conf"
    done
    units="tucai-web@8001 tucai-web@8002 tucai-worker@photos tucai-worker@builds tucai-beat"
    # shellcheck disable=SC2086 # a list of names
    systemctl enable --quiet $units tucai-watch.timer
    # One machine makes the backups: that of the database, until somebody switches its timer off and another one's on.
    backs_up=""
    if { is_here /etc/tucai-owner.env && [ ! -e "$DATA/backup-done" ]; } || systemctl is-enabled --quiet tucai-backup.timer; then
        systemctl enable --quiet tucai-backup.timer
        backs_up=tucai-backup.timer
    fi
    repository=$(secret_of /etc/tucai-backup.env RESTIC_REPOSITORY)
    case $repository:$backs_up in
        /*:?*)
            install -d -o tucai -g tucai -m 700 "$repository"
            [ -e "$repository/config" ] || backups init --quiet
            ;;
    esac
    if [ -d /run/systemd/system ]; then
        systemctl daemon-reload
        deploy/roll.sh
        # shellcheck disable=SC2086 # one name or none
        systemctl restart tucai-worker@photos tucai-worker@builds tucai-beat $backs_up tucai-watch.timer
    else
        say "systemd does not run here: the units are enabled and start with the machine"
    fi
}

# restic, as the night's backup runs it.
backups() (
    RESTIC_REPOSITORY=$(secret_of /etc/tucai-backup.env RESTIC_REPOSITORY) RESTIC_PASSWORD=$(secret_of /etc/tucai-backup.env RESTIC_PASSWORD)
    export RESTIC_REPOSITORY RESTIC_PASSWORD
    setpriv --reuid tucai --regid tucai --init-groups restic --no-cache "$@"
)

configure_nginx() {
    say "nginx"
    if [ -z "$CERTIFICATE" ]; then
        CERTIFICATE=/etc/ssl/certs/tucai.pem CERTIFICATE_KEY=/etc/ssl/private/tucai.key
        draw_certificate "$CERTIFICATE" "$CERTIFICATE_KEY"
    fi
    own=/etc/nginx/sites-available/tucai
    resolver=$(sed -n 's/^nameserver \([^ %]*\).*/\1/p' /etc/resolv.conf | head -n 1)
    case $resolver in *:*) resolver="[$resolver]" ;; esac
    nginx_configuration "$CERTIFICATE" "$CERTIFICATE_KEY" /etc/tucai.env "${resolver:-127.0.0.53}" | put root:root 644 $own.new
    # What this script has written may be replaced by it; what somebody has changed may not.
    if [ -e $own ] && ! cmp -s $own $own.written && ! cmp -s $own $own.new; then
        say "$own was changed by hand and stays as it is; the new text is beside it (tucai.new)"
    else
        cp $own.new $own && mv $own.new $own.written
    fi
    front_proxies | put root:root 644 /etc/nginx/conf.d/tucai-front-proxies.conf
    ln -sf ../sites-available/tucai /etc/nginx/sites-enabled/tucai
    rm -f /etc/nginx/sites-enabled/default
    # Debian's own lines for all sites allow TLS 1.0; ours stand in their place.
    sed -i 's/^\([[:space:]]*\)\(ssl_protocols\|ssl_prefer_server_ciphers\)\b/\1# \2/' /etc/nginx/nginx.conf
    nginx -t -q
    service nginx reload 2>/dev/null || service nginx restart
}

finish() {
    say "check --deploy"
    deploy/manage.sh check --deploy --fail-level WARNING
    if ! is_here /etc/tucai-owner.env; then
        say "this is a further machine: backups, the first administrator and the season are those of the first"
    elif [ ! -e "$DATA/backup-done" ] && backups snapshots --tag tucai --json 2>/dev/null | grep -q '"id"'; then
        # A backup of what is empty would be the newest.
        [ ! -d /run/systemd/system ] || systemctl disable --quiet --now tucai-backup.timer
        say "backups are there already: deploy/restore.sh brings the newest back. Until then nothing is backed up and nobody is invited"
    else
        [ ! -d /run/systemd/system ] || [ -e "$DATA/backup-done" ] || systemctl start tucai-backup.service ||
            say "the first backup failed: journalctl -u tucai-backup"
        year=$(setting SEASON)
        deploy/manage.sh set_up "$(setting ADMIN)" --once --name "$(setting ADMIN_NAME)" --email "$(setting ADMIN_EMAIL)" ${year:+--year "$year"} ||
            say "nobody was invited, for the reason above; later: deploy/manage.sh set_up"
    fi
    say "https://$SITE"
    say "keep copies of ID_NUMBER_KEY and HISTORY_KEY (/etc/tucai.env) and of RESTIC_PASSWORD (/etc/tucai-backup.env) on paper"
}

cd "$HERE"
check_machine
install_packages
[ "${1:-}" = packages ] && exit 0
make_users
say "/etc/tucai*.env"
write_environment /etc 127.0.0.1:5432/tucai 127.0.0.1:6379/0
start_databases
make_database
install_units
configure_nginx
finish
