#!/bin/sh
# Tries deploy/install.sh in a Debian 12 root made for it, and uses the product there through nginx: deploy/trial.sh [FOLDER]
# Needs root, debootstrap, git and the network; about 3 GB in FOLDER (a new one below /var/tmp), which is removed when it went well.
# systemd does not run in the root: deploy/trial/units.py starts what the units say.
set -eu
HERE=$(cd "$(dirname "$0")/.." && pwd)
[ "$(id -u)" = 0 ] || { echo "Run this as root." >&2; exit 1; }
FOLDER=${1:-$(mktemp -d /var/tmp/tucai-trial.XXXXXX)}
ROOT=$FOLDER/root
mkdir -p "$FOLDER"
MIRROR=${MIRROR:-http://deb.debian.org/debian}
start=$(date +%s)

# A process namespace of its own: all that was started there ends with the command. $1: more options of unshare.
inside() {
    options=$1
    shift
    # shellcheck disable=SC2086,SC2016 # options are words; $1 and $@ belong to the inner shell
    unshare --mount --pid --fork --kill-child --propagation private $options sh -c '
        root=$1; shift
        mount -t proc proc "$root/proc"; mount --rbind /dev "$root/dev"; mount -t tmpfs tmpfs "$root/run"
        exec chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 "$@"' sh "$ROOT" "$@"
}
passed() { echo "== $(($(date +%s) - start)) s: $*"; }

if [ ! -e "$ROOT/etc/debian_version" ]; then
    debootstrap --variant=minbase --include=ca-certificates,systemd bookworm "$ROOT" "$MIRROR" >"$FOLDER/debootstrap.log"
    echo "deb $MIRROR bookworm-updates main" >>"$ROOT/etc/apt/sources.list"
    passed "Debian"
fi
# The authorities of this machine: a proxy may stand between it and the package index.
cp /etc/resolv.conf "$ROOT/etc/resolv.conf"
cp -r /usr/local/share/ca-certificates "$ROOT/usr/local/share/"
inside "" update-ca-certificates >/dev/null
mkdir -p "$ROOT/opt/tucai"
git -C "$HERE" archive HEAD | tar -C "$ROOT/opt/tucai" -xf -
sed -e "s/^SITE=.*/SITE=photos.trial.test/" -e "s/^EMAIL_HOST=.*/EMAIL_HOST=127.0.0.1/" -e "s/^EMAIL_PORT=.*/EMAIL_PORT=2525/" \
    -e "s/^PHOTO_PROCESSES=.*/PHOTO_PROCESSES=1/" -e "s/^FRONT_PROXIES=.*/FRONT_PROXIES=127.0.0.1/" -e "s/example\.edu\.cn/trial.test/" \
    "$HERE/deploy/install.conf.example" >"$ROOT/etc/tucai-install.conf"
echo "127.0.0.1 localhost photos.trial.test" >"$ROOT/etc/hosts"

inside "" env PIP_CERT=/etc/ssl/certs/ca-certificates.crt /opt/tucai/deploy/install.sh packages
passed "packages"
# From here on without a network: what needs one now is a fault.
inside --net /opt/tucai/deploy/trial/inside.sh
passed "the product was installed, used and restored"
[ -n "${1:-}" ] || rm -rf "$FOLDER"
