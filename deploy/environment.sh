# shellcheck shell=sh
# Read by deploy/install.sh and deploy/container/prepare.sh: what both make of the file that the operator has filled in.
# CONF names it (deploy/install.conf.example).
say() { echo "== $*"; }
fail() { echo "$*" >&2; exit 1; }
setting() { sed -n "s/^$1=//p" "$CONF" | tail -n 1; }
# The value of NAME ($2) in an environment file.
secret_of() { sed -n "s|^$2=||p" "$1"; }
draw() { openssl rand -base64 48 | tr -d '\n'; }
draw_password() { openssl rand -hex 24; }
# Owner, mode, and the file: its text comes from stdin, and is whole or not there.
put() {
    cat >"$3.draft"
    chown "$1" "$3.draft" && chmod "$2" "$3.draft" && mv "$3.draft" "$3"
}

# The same, and succeeds only when it changes the file.
replace() {
    put "$1" "$2" "$3.new"
    if cmp -s "$3.new" "$3"; then
        rm "$3.new"
        return 1
    fi
    mv "$3.new" "$3"
}

# Sets SITE, CERTIFICATE, CERTIFICATE_KEY.
check_settings() {
    [ -r "$CONF" ] || fail "请先复制并填写:cp deploy/install.conf.example $CONF。 Copy deploy/install.conf.example to $CONF and fill it in first."
    SITE=$(setting SITE) CERTIFICATE=$(setting CERTIFICATE) CERTIFICATE_KEY=$(setting CERTIFICATE_KEY)
    case $SITE in
        *.example.*) fail "$CONF 中的 SITE 仍是示例。 SITE in $CONF is still the example." ;;
        '' | *[!a-z0-9.-]*) fail "$CONF 中的 SITE 应为域名,如 photos.nju.edu.cn。 SITE in $CONF must be a host name." ;;
    esac
    [ -n "$(setting ADMIN)" ] && [ -n "$(setting ADMIN_NAME)" ] || fail "$CONF 中缺少 ADMIN 或 ADMIN_NAME。 ADMIN or ADMIN_NAME is missing in $CONF."
    for name in ADMIN_EMAIL FROM; do
        [ -n "$(setting EMAIL_HOST)" ] || continue
        case $(setting $name) in
            *@*.example.* | *@example.*) fail "$CONF 中的 $name 仍是示例。 $name in $CONF is still the example." ;;
            ?*@?*) ;;
            *) fail "$CONF 中的 $name 应为邮箱地址。 $name in $CONF must be an e-mail address." ;;
        esac
    done
    for file in "$CERTIFICATE" "$CERTIFICATE_KEY"; do
        [ -z "$file" ] || [ -r "$file" ] || fail "找不到 $file,请检查 $CONF。 There is no $file: look at $CONF."
    done
}

# Into folder $1, with the database at $2 and Redis at $3. What is there stays.
write_environment() {
    owner=$(id -u):$(id -g)
    [ -e "$1/tucai.env" ] || put "$owner" 600 "$1/tucai.env" <<END
REDIS_URL=redis://:$(draw_password)@$3
SECRET_KEY=$(draw)
ID_NUMBER_KEY=$(draw)
HISTORY_KEY=$(draw)
TUCAI_DATA=/var/lib/tucai
SITE_URL=https://$SITE
ALLOWED_HOSTS=$SITE
CSRF_TRUSTED_ORIGINS=https://$SITE
HTTPS=1
TRUSTED_PROXIES=1
X_ACCEL_PREFIX=/private/
S3_BUCKET=$(setting S3_BUCKET)
S3_ENDPOINT=$(setting S3_ENDPOINT)
S3_KEY_ID=$(setting S3_KEY_ID)
S3_SECRET_KEY=$(setting S3_SECRET_KEY)
S3_REGION=$(setting S3_REGION)
S3_ADDRESSING=$(setting S3_ADDRESSING)
EMAIL_HOST=$(setting EMAIL_HOST)
EMAIL_PORT=$(setting EMAIL_PORT)
EMAIL_HOST_USER=$(setting EMAIL_HOST_USER)
EMAIL_HOST_PASSWORD=$(setting EMAIL_HOST_PASSWORD)
DEFAULT_FROM_EMAIL=$(setting FROM)
OPERATOR_EMAILS=$(setting ADMIN_EMAIL)
HEALTH_TOKEN=$(draw)
END
    [ "$(setting FROM)" = "$(secret_of "$1/tucai.env" DEFAULT_FROM_EMAIL)" ] || say "FROM differs between $CONF and $1/tucai.env (DEFAULT_FROM_EMAIL): the latter counts"
    for name in EMAIL_HOST EMAIL_PORT EMAIL_HOST_USER EMAIL_HOST_PASSWORD S3_BUCKET S3_ENDPOINT S3_KEY_ID S3_SECRET_KEY; do
        [ "$(sed -n "s/^$name=//p" "$CONF" | tail -n 1)" = "$(secret_of "$1/tucai.env" $name)" ] || say "$name differs between $CONF and $1/tucai.env: the latter counts"
    done
    write_address "$1/tucai-web.env" DATABASE_URL tucai_web "$2"
    write_address "$1/tucai-workers.env" DATABASE_URL tucai_worker "$2"
    write_address "$1/tucai-owner.env" DATABASE_OWNER_URL tucai_owner "$2"
    [ -e "$1/tucai-backup.env" ] || put "$owner" 600 "$1/tucai-backup.env" <<END
RESTIC_REPOSITORY=/var/backups/tucai
RESTIC_PASSWORD=$(draw_password)
END
}

# A file with one variable: the address of the database for a login.
write_address() {
    [ -e "$1" ] || echo "$2=postgresql://$3:$(draw_password)@$4" | put "$owner" 600 "$1"
}

password_in() { sed -n 's|^[A-Z_]*=[a-z]*://[a-z_]*:\([^@]*\)@.*|\1|p' "$1"; }

# Whether the server that the address in $1 names runs on this machine. On further machines it is another's: nothing is set up for it here.
is_here() {
    case $(sed -n 's|^[A-Z_]*=[a-z]*://[^@]*@\([^:/]*\).*|\1|p' "$1") in
        127.0.0.1 | localhost | '') ;;
        *) return 1 ;;
    esac
}

# Certificate $1 and key $2 for $SITE.
draw_certificate() {
    [ -e "$1" ] || (
        umask 077
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 365 -subj "/CN=$SITE" \
            -addext "subjectAltName=DNS:$SITE" -keyout "$2" -out "$1" 2>/dev/null
        chmod 644 "$1"
    )
    say "the certificate signs itself: browsers will warn until CERTIFICATE names a real one"
}

# deploy/nginx.conf with the names of this installation, certificate $1 and key $2; private files as tucai.env ($3) says, names by resolver $4.
nginx_configuration() {
    sed -e "s|ssl_certificate  .*|ssl_certificate     $1;|" -e "s|ssl_certificate_key .*|ssl_certificate_key $2;|" \
        -e "s|photos\.example\.edu\.cn|$SITE|g" -e "s|alias /var/lib/tucai/files/;|alias $(files_folder "$3")/;|" deploy/nginx.conf | files_of "$3" "$4"
}

# Where the private files lie, by tucai.env ($1).
files_folder() {
    folder=$(secret_of "$1" MEDIA_ROOT)
    echo "${folder:-/var/lib/tucai/files}"
}

# Where files lie in a bucket, deploy/nginx-bucket.conf stands in place of their folder.
files_of() {
    bucket=$(secret_of "$1" S3_BUCKET)
    [ -n "$bucket" ] || { cat && return; }
    host=$(secret_of "$1" S3_ENDPOINT | sed -e 's|^https://||' -e 's|/.*||')
    [ "$(secret_of "$1" S3_ADDRESSING)" != virtual ] || host=$bucket.$host
    awk '/^    location \/private\/ {/ { skips = 1; while ((getline line < "deploy/nginx-bucket.conf") > 0) if (line !~ /^#/) print line }
        !skips { print }
        /^    }/ { skips = 0 }' | sed -e "s|s3\.example\.edu\.cn|$host|" -e "s|resolver 127\.0\.0\.53|resolver $2|"
}

# Limits, logs and the web are given the address of the visitor, not that of the proxy in front. Nothing where there is none.
front_proxies() {
    [ -n "$(setting FRONT_PROXIES)" ] || return 0
    for address in $(setting FRONT_PROXIES); do echo "set_real_ip_from $address;"; done
    echo "real_ip_header X-Forwarded-For; real_ip_recursive on;"
}
