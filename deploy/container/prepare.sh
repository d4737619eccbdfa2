#!/bin/sh
# Draws passwords, keys and a certificate for compose.yaml, into deploy/container/private/: once, never changed. Asks nothing:
#   cp deploy/install.conf.example deploy/container/install.conf      # fill it in
#   deploy/container/prepare.sh
set -eu
cd "$(dirname "$0")/../.."
CONF=deploy/container/install.conf
# shellcheck source=deploy/environment.sh
. deploy/environment.sh
check_settings
command -v openssl >/dev/null || fail "缺少 openssl。 openssl is missing."
PRIVATE=deploy/container/private
# Closed on this machine; in the containers each sees only the files that are mounted there.
mkdir -p "$PRIVATE" && chmod 700 "$PRIVATE"

# On one machine, in a network of the containers alone: without TLS between them.
write_environment "$PRIVATE" "database:5432/tucai?sslmode=disable" redis:6379/0
[ -e "$PRIVATE/database.env" ] || {
    password=$(draw_password)
    printf 'POSTGRES_PASSWORD=%s\nPGPASSWORD=%s\n' "$password" "$password" | put "$owner" 600 "$PRIVATE/database.env"
}
put "$owner" 600 "$PRIVATE/roles.env" <<END
OWNER_PASSWORD=$(password_in "$PRIVATE/tucai-owner.env")
WEB_PASSWORD=$(password_in "$PRIVATE/tucai-web.env")
WORKER_PASSWORD=$(password_in "$PRIVATE/tucai-workers.env")
END
printf 'requirepass %s\nappendonly yes\ndir /data\n' "$(password_in "$PRIVATE/tucai.env")" | put "$owner" 644 "$PRIVATE/redis.conf"

if [ -n "$CERTIFICATE" ]; then
    put "$owner" 644 "$PRIVATE/certificate.pem" <"$CERTIFICATE"
    put "$owner" 644 "$PRIVATE/certificate.key" <"$CERTIFICATE_KEY"
else
    draw_certificate "$PRIVATE/certificate.pem" "$PRIVATE/certificate.key"
    chmod 644 "$PRIVATE/certificate.key"
fi
# Names are asked of Docker (127.0.0.11).
nginx_configuration /etc/ssl/tucai/certificate.pem /etc/ssl/tucai/certificate.key "$PRIVATE/tucai.env" 127.0.0.11 |
    sed -e 's|127\.0\.0\.1:8001|web1:8001|' -e 's|127\.0\.0\.1:8002|web2:8002|' -e 's|/var/log/nginx/tucai.log|/dev/stdout|' |
    put "$owner" 644 "$PRIVATE/nginx.conf"
front_proxies | put "$owner" 644 "$PRIVATE/front-proxies.conf"
# What compose.yaml leaves open.
{
    echo "VERSION=$(git log -1 --format='%h, %cs' 2>/dev/null || true)"
    [ -z "$(setting PHOTO_PROCESSES)" ] || echo "PHOTO_PROCESSES=$(setting PHOTO_PROCESSES)"
    sed -n '/^\(SHARED_BUFFERS\|SUBNET\|BACKUPS\)=/p' deploy/container/.env 2>/dev/null || true
} | put "$owner" 600 deploy/container/.env
say "docker compose --project-directory deploy/container up -d --build"
