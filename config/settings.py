"""One settings file; everything that differs between machines comes from the environment."""

import os
from pathlib import Path

from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

from config import (
    capture_code_decoder,
    message_channels,
    outgoing,  # noqa: F401  it holds all clients to the addresses that they are given
    payment_merchants,
    real_name_services,
    service_addresses,
    static_policy,
    stored_files,
)
from config.stored_secrets import numbered_keys, stored_secret, token_if_set
from launch import data_folder, environment

# One photo is one task on one core. More numpy threads would double the cost, because they wait
# actively for work of microseconds. Must be set before numpy is imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR: Path = data_folder.locate_data_folder()
# Django's error pages with traces: only when asked for, so that a demo never shows one.
DEBUG = environment.flag("DEBUG")
# No database is configured: the product runs on one machine for a first try, without https.
IS_LOCAL = environment.flag("TUCAI_LOCAL", default=not environment.secret("DATABASE_URL"))
if DEBUG and not IS_LOCAL:
    raise environment.Misconfigured(
        "DEBUG=1 会向访问者显示程序内部信息,生产环境不允许。请去掉 DEBUG。",
        "DEBUG=1 shows visitors the inside of the program: not in production. Take DEBUG away.",
    )

SECRET_KEY = stored_secret("SECRET_KEY", DATA_DIR, is_local=IS_LOCAL)
# Encrypt ID numbers and secrets of the second factor, and key the look-up hash of numbers: losing them loses
# both. {version: key}; the highest version writes, and manage.py rotate_keys makes the others superfluous.
ID_NUMBER_KEYS = numbered_keys("ID_NUMBER_KEY", stored_secret("ID_NUMBER_KEY", DATA_DIR, is_local=IS_LOCAL))
# Sign the lines of the history (portal.history.seals): without them, none can be told from a forged one. {version: key};
# the highest version signs, and what the others have signed stays genuine as long as they stand here.
HISTORY_KEYS = numbered_keys("HISTORY_KEY", stored_secret("HISTORY_KEY", DATA_DIR, is_local=IS_LOCAL))
ALLOWED_HOSTS = environment.text_list("ALLOWED_HOSTS", "*" if IS_LOCAL else "")
CSRF_TRUSTED_ORIGINS = environment.text_list("CSRF_TRUSTED_ORIGINS")
_PORT = environment.number("PORT", 8000, least=1, most=65_535)
SITE_URL = environment.web_address("SITE_URL", f"http://localhost:{_PORT}")

INSTALLED_APPS = [
    "portal",
    "schools",
    "students",
    "capture",
    "billing",
    "proofing",
    "printing",
    "year_end",
    "demo",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "csp",
    "django_htmx",
    "drf_spectacular",
    "heroicons",
    "import_export",
    "rest_framework",
    "template_partials",
]

MIDDLEWARE = [
    "portal.access.ScopeMiddleware",
    "config.log_lines.RequestNumbers",
    "portal.watching.metrics.Metrics",
    "portal.background.health.HealthAnswers",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "portal.security.headers.AnswerHeaders",
    "portal.language.ChosenLanguage",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "portal.security.sessions.EndOfSessions",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "portal.access.PortalMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "portal.pages.context.portal",
            ],
            "builtins": ["template_partials.templatetags.partials", "portal.templatetags.ui"],
        },
    }
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

_urls = service_addresses.service_urls()
# A role that owns nothing. Commands that need the owner's address read it themselves
# (portal.database.owner). It is not in the settings and, in production, not in the environment of
# web and workers.
DATABASES = {"default": service_addresses.database_settings(_urls.database)}
DATABASE_OWNER = service_addresses.owner_database
POSTGRES_PROGRAMS = service_addresses.postgres_programs
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = _urls.redis
CACHES = {
    "default": {
        "BACKEND": "portal.background.redis_cache.Cache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": environment.text("REDIS_PREFIX", "tucai"),
        # A Redis that hangs is treated as one that is away.
        "OPTIONS": {"socket_timeout": 2, "socket_connect_timeout": 2},
    }
}
# Whoever sends it reads more than one word at /health/ready; empty: nobody does.
HEALTH_TOKEN = token_if_set("HEALTH_TOKEN", is_local=IS_LOCAL)
# They are mailed alarms (portal.watching.alarms); empty: nobody is.
OPERATOR_EMAILS = environment.text_list("OPERATOR_EMAILS")
# From how many students a day on the page of unusual looks says that somebody saw many.
LOOKS_MANY = environment.number("LOOKS_MANY", 500, least=1, most=1_000_000)
# How long personal data is kept, in days; 0: for ever. See portal.privacy.retention.
KEEP_LOOKS_DAYS = environment.number("KEEP_LOOKS_DAYS", 1095, least=0, most=36_500)
KEEP_MESSAGES_DAYS = environment.number("KEEP_MESSAGES_DAYS", 400, least=0, most=36_500)
KEEP_SESSIONS_DAYS = environment.number("KEEP_SESSIONS_DAYS", 1, least=1, most=36_500)
KEEP_SIGN_INS_DAYS = environment.number("KEEP_SIGN_INS_DAYS", 90, least=2, most=36_500)
KEEP_ROSTERS_DAYS = environment.number("KEEP_ROSTERS_DAYS", 30, least=1, most=36_500)
# From the closing of the season on. The center names both, as long as the registry may ask; 0: for ever.
KEEP_NUMBERS_DAYS = environment.number("KEEP_NUMBERS_DAYS", 0, least=0, most=36_500)
KEEP_PORTRAITS_DAYS = environment.number("KEEP_PORTRAITS_DAYS", 0, least=0, most=36_500)
KEEP_FORMS_DAYS = environment.number("KEEP_FORMS_DAYS", 1095, least=0, most=36_500)
KEEP_EVIDENCE_DAYS = environment.number("KEEP_EVIDENCE_DAYS", 180, least=0, most=36_500)
# Stored so long ago, and the proofreading of their school is over.
KEEP_ADMISSION_PHOTOS_DAYS = environment.number("KEEP_ADMISSION_PHOTOS_DAYS", 1, least=1, most=36_500)
KEEP_FILMS_DAYS = environment.number("KEEP_FILMS_DAYS", 1, least=1, most=36_500)
KEEP_ARCHIVES_DAYS = environment.number("KEEP_ARCHIVES_DAYS", 1, least=1, most=36_500)
KEEP_SHEETS_DAYS = environment.number("KEEP_SHEETS_DAYS", 365, least=0, most=36_500)
# A file that no row names is deleted so long after it was written: a restored backup may name it.
KEEP_UNNAMED_FILES_DAYS = environment.number("KEEP_UNNAMED_FILES_DAYS", 30, least=1, most=36_500)
# How old the counts of a dashboard may be: its panels, and everybody who looks at it, share them.
DASHBOARD_SECONDS = environment.number("DASHBOARD_SECONDS", 5, least=0, most=3600)
SESSION_ENGINE = "portal.accounts.sessions"
# Staff are signed out so long after signing in, and so long after their last page.
SESSION_COOKIE_AGE = 12 * 3600
SESSION_IDLE_SECONDS = environment.number("SESSION_IDLE_SECONDS", 2 * 3600, least=60, most=12 * 3600)
# Students: so long after signing in, and so long after their last page. Phones are shared.
STUDENT_SESSION_SECONDS = environment.number("STUDENT_SESSION_SECONDS", 2 * 3600, least=600, most=12 * 3600)
STUDENT_IDLE_SECONDS = environment.number("STUDENT_IDLE_SECONDS", 1800, least=60, most=12 * 3600)
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_HSTS_INCLUDE_SUBDOMAINS = environment.flag(
    "HTTPS", default=not IS_LOCAL
)
SECURE_HSTS_SECONDS = 31_536_000 if SESSION_COOKIE_SECURE else 0
if SESSION_COOKIE_SECURE:
    # A browser takes these names only from this host, over https and for all paths.
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-sessionid", "__Host-csrftoken"
    LANGUAGE_COOKIE_NAME = "__Host-language"
LANGUAGE_COOKIE_SECURE = SESSION_COOKIE_SECURE
LANGUAGE_COOKIE_HTTPONLY, LANGUAGE_COOKIE_SAMESITE = True, "Lax"
CSRF_FAILURE_VIEW = "portal.views.errors.stale_form"
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "blob:", "data:"],
        "media-src": [SELF, "blob:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    },
}
# Behind how many proxies the client's address is read from X-Forwarded-For.
TRUSTED_PROXIES = ALLAUTH_TRUSTED_PROXY_COUNT = environment.number("TRUSTED_PROXIES", 0, least=0, most=10)
# Without a proxy anybody could send this header.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None

AUTH_USER_MODEL = "portal.User"
# The models that the kernel uses as tenant and as season.
TENANT_MODEL = "schools.School"
SEASON_MODEL = "schools.Season"
# One, which is Django's own too: each hashes the password once more, also that of a name nobody has.
AUTHENTICATION_BACKENDS = ["portal.accounts.signed_in.Backend"]
PASSWORD_HASHERS = [
    "portal.security.password_hashes.SealedPBKDF2",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",  # of before; renewed at the next sign-in
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
    {"NAME": "portal.accounts.passwords.NotBreached"},
    {"NAME": "portal.accounts.passwords.NotGuessable"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "schools:own_portal"
ACCOUNT_ADAPTER = "portal.accounts.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
# One address an account. A new one counts when its owner has opened the link sent there; the old one
# is told of this, and of a new password.
ACCOUNT_CHANGE_EMAIL = ACCOUNT_EMAIL_NOTIFICATIONS = ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 15 * 60  # seconds for which a password given again holds
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False  # no mail to an address that has no account
# An address that waits for its confirmation must not keep anybody from the second factor.
MFA_ALLOW_UNVERIFIED_EMAIL = True
# After choosing a password by a one-time link, a user is signed in. A second factor is still asked for.
ACCOUNT_LOGIN_ON_PASSWORD_RESET = True
ACCOUNT_PASSWORD_RESET_TOKEN_GENERATOR = "portal.accounts.passwords.LinkTokens"
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
# None by address, since one visitor must not shut out a campus, and none by account, which would shut out its owner:
# portal.security.attempts paces passwords and codes, at the sign-in and where they are asked for again.
ACCOUNT_RATE_LIMITS = {
    "login": None,
    "login_failed": None,
    "reauthenticate": None,
    "reset_password": "5/m/key",
    "reset_password_from_key": None,
}
MFA_ADAPTER = "portal.accounts.adapter.SecondFactorAdapter"
MFA_FORMS = {
    "activate_totp": "portal.accounts.factor_forms.SetUpApp",
    "add_webauthn": "portal.accounts.factor_forms.AddPasskey",
    "authenticate": "portal.accounts.factor_forms.SignInCode",
    "authenticate_webauthn": "portal.accounts.factor_forms.SignInPasskey",
    "reauthenticate": "portal.accounts.factor_forms.CodeAgain",
    "reauthenticate_webauthn": "portal.accounts.factor_forms.PasskeyAgain",
}
MFA_TOTP_TOLERANCE = 1  # periods of 30 seconds by which the clock of a phone may be wrong
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
# Whoever needs a second factor (portal.accounts.second_factor) may do without for so many days from the first sign-in.
SECOND_FACTOR_GRACE_DAYS = environment.number("SECOND_FACTOR_GRACE_DAYS", 7, least=0, most=90)
# Without a mail server mails become files on a local machine. On the console a hundred mails would
# hide the accounts that `make run` prints.
_WITHOUT_HOST = "portal.notifications.mail_files" if IS_LOCAL else "django.core.mail.backends.console"
EMAIL_BACKEND = environment.text(
    "EMAIL_BACKEND",
    f"{'django.core.mail.backends.smtp' if environment.text('EMAIL_HOST') else _WITHOUT_HOST}.EmailBackend",
)
EMAIL_FILE_PATH = DATA_DIR / "mail"
EMAIL_HOST = environment.text("EMAIL_HOST")
EMAIL_PORT = environment.number("EMAIL_PORT", 25, least=1, most=65_535)
EMAIL_HOST_USER = environment.text("EMAIL_HOST_USER")
EMAIL_HOST_PASSWORD = environment.secret("EMAIL_HOST_PASSWORD")
EMAIL_USE_TLS = environment.flag("EMAIL_USE_TLS", default=EMAIL_HOST not in service_addresses.LOOPBACK)
EMAIL_TIMEOUT = 20  # seconds; a mail server that does not answer must not hold a worker for ever
# The mailbox of DEFAULT_FROM_EMAIL, where letters that nobody got come back: pop3s://user:password@host.
RETURNED_MAIL = service_addresses.mailbox(environment.secret_address("RETURNED_MAIL", ("pop3s", "pop3")))
DEFAULT_FROM_EMAIL = environment.text("DEFAULT_FROM_EMAIL", "tucai@localhost")

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", _("Simplified Chinese")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "Asia/Shanghai"
USE_TZ = True
USE_I18N = True

STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "config.staticfiles.MadeFiles",
]
WHITENOISE_ALLOW_ALL_ORIGINS = False
WHITENOISE_MIMETYPES = {".svg": "image/svg+xml; charset=utf-8"}
WHITENOISE_ADD_HEADERS_FUNCTION = static_policy.add_policy
MEDIA_ROOT = Path(environment.text("MEDIA_ROOT") or DATA_DIR / "files")
# nginx: `location /private/ { internal; alias <MEDIA_ROOT>/; }`, or that of deploy/nginx-bucket.conf; empty: Django
# sends the bytes itself.
X_ACCEL_PREFIX = environment.text("X_ACCEL_PREFIX")
STORAGES = {
    "default": stored_files.storage(is_local=IS_LOCAL),
    "staticfiles": {
        "BACKEND": "config.staticfiles.HashedStaticFiles"
        if not IS_LOCAL
        else "django.contrib.staticfiles.storage.StaticFilesStorage",
        # Everybody may read them, whoever has collected them: the web dies at its start when root has, under root's umask.
        "OPTIONS": {"file_permissions_mode": 0o644, "directory_permissions_mode": 0o755},
    },
}
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = IS_LOCAL
# Readable to the group, so that nginx (a member of it) can send what Django has checked.
FILE_UPLOAD_PERMISSIONS = 0o640
# A whole request; nginx refuses the same (deploy/nginx.conf), and without it the portal does (portal.access).
REQUEST_MAX_BYTES = DATA_UPLOAD_MAX_MEMORY_SIZE = 30 * 1024 * 1024
# TrueType files for characters of names that the packaged Chinese fonts lack, tried in turn.
EXTRA_FONTS = environment.text_list("TUCAI_EXTRA_FONTS")
UPLOAD_MAX_BYTES = {
    "photo": 20 * 1024 * 1024,
    "roster": 25 * 1024 * 1024,
    "feedback": 10 * 1024 * 1024,
    "evidence": 20 * 1024 * 1024,
    "bank": 10 * 1024 * 1024,
    "notice": 10 * 1024 * 1024,
}

CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 3600,
    "global_keyprefix": f"{CACHES['default']['KEY_PREFIX']}:",
    # Give up at once when Redis does not answer: otherwise a student waits 7 s. The sweep finds the row.
    "max_retries": 1,
    "interval_start": 0,
    "interval_step": 0.1,
    "interval_max": 0.2,
    "socket_timeout": 5,  # longer than a worker waits for the next message
    "socket_connect_timeout": 2,
}
CELERY_TIMEZONE = TIME_ZONE
WEB_THREADS = environment.number("WEB_THREADS", 12, least=6, most=64)  # of one web process
# New photos are asked to come later while one would wait longer than this for its check.
PHOTO_WAIT_SECONDS = environment.number("PHOTO_WAIT_SECONDS", 300, least=10, most=86_400)
# A claim older than this many seconds is taken to be lost and is queued again by the sweep.
CLAIM_SECONDS = environment.number("TUCAI_CLAIM_SECONDS", 120, least=1, most=86_400)

# The ways to pay online, by name. "simulator" moves no money and says so on the page.
PAYMENT_PROVIDERS = {
    "simulator": "billing.online.providers.simulator.Simulator",
    "wechat": "billing.online.providers.wechat.WeChatPay",
    "alipay": "billing.online.providers.alipay.Alipay",
}
# {our name of the merchant: its provider and its credentials}. When empty, schools pay by transfer.
_MERCHANTS_FILE = environment.text("PAYMENT_MERCHANTS")
PAYMENT_MERCHANTS: dict[str, dict[str, str]] = (
    payment_merchants.read(_MERCHANTS_FILE, is_local=IS_LOCAL)
    if _MERCHANTS_FILE
    else {"simulator": {"provider": "simulator"}}
    if IS_LOCAL
    else {}
)
# {channel: its credentials and templates}: text messages and WeChat. When empty, there is only e-mail.
_CHANNELS_FILE = environment.text("MESSAGE_CHANNELS")
MESSAGE_CHANNELS: message_channels.Channels = (
    message_channels.read(_CHANNELS_FILE, is_local=IS_LOCAL) if _CHANNELS_FILE else {}
)
# The decoder of capture codes (采集码): how it is reached. When empty, nobody signs in by them.
_DECODER_FILE = environment.text("CAPTURE_CODE_DECODER")
CAPTURE_CODE_DECODER: dict[str, str] = (
    capture_code_decoder.read(_DECODER_FILE, is_local=IS_LOCAL) if _DECODER_FILE else {}
)
# {real-name service: its account}, in the order in which they are asked. When empty, nobody signs in by them.
_REAL_NAME_FILE = environment.text("REAL_NAME_SERVICES")
REAL_NAME_SERVICES: real_name_services.Services = (
    real_name_services.read(_REAL_NAME_FILE, is_local=IS_LOCAL) if _REAL_NAME_FILE else {}
)
# Messages to /pay/notify/ whose signature was wrong are kept so many days.
CALLBACK_DAYS = environment.number("CALLBACK_DAYS", 30, least=1, most=3650)

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.SessionAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_PARSER_CLASSES": [
        "portal.untrusted.json_bodies.JSONParser",
        "rest_framework.parsers.FormParser",
        "rest_framework.parsers.MultiPartParser",
    ],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_PAGINATION_CLASS": "rest_framework.pagination.LimitOffsetPagination",
    "PAGE_SIZE": 50,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Tucai",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "ENUM_NAME_OVERRIDES": {"OrderStatus": "billing.models.Order.Status"},  # more than one model has a status
    "SERVE_PERMISSIONS": ["rest_framework.permissions.IsAuthenticated"],  # people of the staff
}
# nginx leads http to https (deploy/nginx.conf); whether a domain joins the browsers' preload list, its owner decides.
SILENCED_SYSTEM_CHECKS = ["security.W008", "security.W021"]

LOG_LEVELS = ["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"()": "config.log_lines.OneLine"}, "json": {"()": "config.log_lines.JSONLine"}},
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": environment.choice("LOG_FORMAT", ["line", "json"], "line"),
        }
    },
    "root": {"handlers": ["console"], "level": environment.choice("LOG_LEVEL", LOG_LEVELS, "INFO")},
    "loggers": {
        "django.request": {"level": "ERROR"},
        "waitress": {"level": "WARNING"},
        "waitress.queue": {"level": "ERROR"},
    },
}

# Errors are reported there, without anybody's data (config.error_reports); empty: nowhere.
_SENTRY_DSN = environment.secret_address("SENTRY_DSN", ("https", "http"))
if _SENTRY_DSN:
    from config import error_reports

    error_reports.start(_SENTRY_DSN)

# TUCAI_LINGER_SECONDS is read by launch.embedded_services, TUCAI_TEST_DB by tests.settings.
environment.refuse_unknown("TUCAI_", read_elsewhere=["TUCAI_LINGER_SECONDS", "TUCAI_TEST_DB"])
