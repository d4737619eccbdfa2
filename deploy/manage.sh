#!/bin/sh
# manage.py on an installed machine, by root: deploy/manage.sh COMMAND …
# Reads the environment files as systemd does. The command runs as tucai; those that need the owner's address run as root,
# so that no process of tucai's but the night's backup ever has it.
set -eu
cd /opt/tucai
umask 027

fail() { echo "$*" >&2; exit 1; }
[ "$(id -u)" = 0 ] || fail "只有 root 可以读取 /etc/tucai*.env:请加 sudo。 Only root reads /etc/tucai*.env: use sudo."

read_file() {
    [ -r "$1" ] || fail "缺少 $1,请先运行 deploy/install.sh。 $1 is missing: run deploy/install.sh first."
    while IFS= read -r line || [ -n "$line" ]; do
        case $line in '' | '#'*) continue ;; esac
        value=${line#*=}
        case $value in \"*\" | \'*\') value=${value#?} && value=${value%?} ;; esac
        export "${line%%=*}=$value"
    done <"$1"
}

read_file /etc/tucai.env
read_file /etc/tucai-workers.env
case ${1:-help} in
    migrate | flush | dbshell | createsuperuser | changepassword | backup | restore_drill)
        read_file /etc/tucai-owner.env
        exec .venv/bin/python manage.py "$@"
        ;;
esac
# libpq and others look for files of their user at home: that of root is closed to tucai.
export HOME=/var/lib/tucai
exec setpriv --reuid tucai --regid tucai --init-groups --no-new-privs .venv/bin/python manage.py "$@"
