#!/bin/sh
# Tries deploy/install.sh on a Debian 12 made for it, and uses the product there through nginx: deploy/trial.sh [FOLDER [SCENE …]]
# Scenes (deploy/trial/use.py), all of them when none is named: watched updated alarms full-disk lost-host.
# Debian lies in a disk of its own of 8 GB (a file in FOLDER, a new folder below /var/tmp), which is removed when all went well. With FOLDER the
# disk with its packages stays, and the next trial takes it. systemd starts a copy in a container (systemd-nspawn): units, timers and their sandbox are the real ones.
# Needs root, debootstrap, systemd-container, e2fsprogs, git and the network.
set -eu
HERE=$(cd "$(dirname "$0")/.." && pwd)
[ "$(id -u)" = 0 ] || { echo "Run this as root." >&2; exit 1; }
# With mounts of its own: nobody else keeps them open when they are gone here, and they go with the trial.
[ -n "${TRIAL_MOUNTS:-}" ] || exec env TRIAL_MOUNTS=own unshare --mount --propagation private "$0" "$@"
FOLDER=${1:-$(mktemp -d /var/tmp/tucai-trial.XXXXXX)}
KEPT=${1:-}
[ $# = 0 ] || shift
SCENES=$*
ROOT=$FOLDER/root
MIRROR=${MIRROR:-http://deb.debian.org/debian}
start=$(date +%s)
passed() { echo "== $(($(date +%s) - start)) s: $*"; }
in_container() { systemd-nspawn --quiet --register=no --keep-unit --directory="$ROOT" "$@"; }

mkdir -p "$ROOT"
if [ ! -e "$FOLDER/disk" ]; then
    truncate -s 8G "$FOLDER/disk.new"
    mkfs.ext4 -q "$FOLDER/disk.new"
    mv "$FOLDER/disk.new" "$FOLDER/disk"
fi
mount -o loop "$FOLDER/disk" "$ROOT"
if [ ! -e "$ROOT/etc/debian_version" ]; then
    debootstrap --variant=minbase --include=ca-certificates,systemd,systemd-sysv,dbus bookworm "$ROOT" "$MIRROR" >"$FOLDER/debootstrap.log"
    echo "deb $MIRROR bookworm-updates main" >>"$ROOT/etc/apt/sources.list"
    passed "Debian"
fi
# The authorities of this machine: a proxy may stand between it and the package index.
cp -r /usr/local/share/ca-certificates "$ROOT/usr/local/share/"
in_container update-ca-certificates >/dev/null
mkdir -p "$ROOT/opt/tucai"
git -C "$HERE" archive HEAD | tar -C "$ROOT/opt/tucai" -xf -
sed -e "s/^SITE=.*/SITE=photos.trial.test/" -e "s/^EMAIL_HOST=.*/EMAIL_HOST=127.0.0.1/" -e "s/^EMAIL_PORT=.*/EMAIL_PORT=2525/" \
    -e "s/^PHOTO_PROCESSES=.*/PHOTO_PROCESSES=1/" -e "s/^FRONT_PROXIES=.*/FRONT_PROXIES=127.0.0.1 10.0.0.7/" -e "s/example\.edu\.cn/trial.test/" \
    "$HERE/deploy/install.conf.example" >"$ROOT/etc/tucai-install.conf"
printf '127.0.0.1 localhost photos.trial.test\n' >"$ROOT/etc/hosts"

in_container --setenv=PIP_CERT=/etc/ssl/certs/ca-certificates.crt /opt/tucai/deploy/install.sh packages
umount "$ROOT"
rm -f "$FOLDER/machine"
cp --sparse=always "$FOLDER/disk" "$FOLDER/machine"
mount -o loop "$FOLDER/machine" "$ROOT"
passed "packages"
# From here on Debian runs by itself, without a network: what needs one now is a fault. It ends with the trial's result.
echo "$SCENES" >"$ROOT/etc/tucai-trial"
cp "$HERE/deploy/trial/trial.service" "$ROOT/etc/systemd/system/"
mkdir -p "$ROOT/etc/systemd/system/multi-user.target.wants" "$ROOT/var/log/journal"
ln -sf ../trial.service "$ROOT/etc/systemd/system/multi-user.target.wants/"
in_container --boot --private-network --console=read-only systemd.show_status=false
passed "the product was installed and used: ${SCENES:-all scenes}"
umount "$ROOT"
[ -n "$KEPT" ] || rm -rf "$FOLDER"
