"""All settings. This file alone reads the environment; `docs/configuration.md` explains it."""

from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import django_stubs_ext
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.core.management.utils import get_random_secret_key
from django.utils.translation import gettext_lazy as _
from tzlocal import get_localzone_name

from imagine.prices.reading import WrongPrices, read_book

from . import env

# Allows `QuerySet[Image]` and the like where Python evaluates them.
django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent

# Where and how it serves

DEBUG = env.boolean("DEBUG")
SERVER_HOST = env.text("SERVER_HOST", "0.0.0.0")  # noqa: S104  (the contract's default)
SERVER_PORT = env.integer("SERVER_PORT", 8000, minimum=1, maximum=65535)
# The published address if the program runs in a container: printed at the start.
SERVER_PUBLISHED_PORT = env.integer("SERVER_PUBLISHED_PORT", SERVER_PORT, minimum=1, maximum=65535)
SERVER_WORKERS = env.integer("SERVER_WORKERS", 1, minimum=1, maximum=64)
APP_URL = env.origin("APP_URL", ["http", "https"])
# Proxies whose X-Forwarded-For and X-Forwarded-Proto are trusted.
TRUSTED_PROXIES = env.text("TRUSTED_PROXIES", "127.0.0.1,::1")

DATA_DIR = env.made_folder("DATA_DIR", BASE_DIR / "data")
SECRET_KEY = env.text("SECRET_KEY") or env.secret_file(
    DATA_DIR / "secret_key", get_random_secret_key
)
ADMIN_USERNAME = env.text("ADMIN_USERNAME", "admin")
ADMIN_PASSWORD = env.text("ADMIN_PASSWORD")
API_KEY = env.text("API_KEY")

ALLOWED_HOSTS = ["*"]  # Links are built from APP_URL or from the request that asks for them.
ROOT_URLCONF = "grok2api.urls"
WSGI_APPLICATION = "grok2api.wsgi.application"
ASGI_APPLICATION = "grok2api.asgi.application"
APPEND_SLASH = True

# Behind HTTPS (APP_URL says so) cookies and redirects are for HTTPS only.
HTTPS = APP_URL.startswith("https://")
SECURE_SSL_REDIRECT = HTTPS
SECURE_SSL_HOST = APP_URL.removeprefix("https://") if HTTPS else None
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SECURE = HTTPS
CSRF_FAILURE_VIEW = "grok2api.csrf.failure"
CSRF_TRUSTED_ORIGINS = [APP_URL] if APP_URL else []
# A name with this prefix cannot be set by another host of the domain, nor over HTTP.
SESSION_COOKIE_NAME = "__Host-sessionid" if HTTPS else "sessionid"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_AGE = 14 * 24 * 3600  # seconds
SESSION_COOKIE_SAMESITE = "Lax"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:", "blob:"],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

INSTALLED_APPS = [
    "grok2api",
    "imagine",
    "gallery",
    "rest_framework",
    "django_filters",
    "django_htmx",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "csp",
    "grok2api.apps.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "axes",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "grok2api.middleware.browser_policy",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "grok2api.middleware.actor_named",
    "grok2api.access.ChangesPermitted",
    "axes.middleware.AxesMiddleware",
]
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
                "django.template.context_processors.i18n",
            ],
        },
    }
]
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "/admin/gallery/"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}", "OPTIONS": options}
    for name, options in (
        ("UserAttributeSimilarityValidator", {}),
        ("MinimumLengthValidator", {"min_length": 10}),
        ("CommonPasswordValidator", {}),
        ("NumericPasswordValidator", {}),
    )
]
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
# Ten wrong passwords for a name from one address lock that pair out for a while, and
# twenty names lock out the address (see `logins.py`).
AXES_HANDLER = "grok2api.logins.ThrottledLogins"
# The database counts for all processes and hosts together.
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_LOCKOUT_CALLABLE = "grok2api.errors.too_many_attempts"
AXES_CLIENT_IP_CALLABLE = "grok2api.errors.client_address"
AXES_VERBOSE = False

# Database, cache, sessions

STORAGE_TYPE = env.choice("SERVER_STORAGE_TYPE", "local", ["local", "redis", "mysql", "pgsql"])
if STORAGE_TYPE == "local" and env.text("SERVER_STORAGE_URL"):
    raise ImproperlyConfigured(
        "SERVER_STORAGE_URL names a server, and SERVER_STORAGE_TYPE says local: "
        "set it to pgsql, mysql or redis, or unset SERVER_STORAGE_URL."
    )
REDIS_URL = env.url(
    "SERVER_STORAGE_URL" if STORAGE_TYPE == "redis" else "REDIS_URL", ["redis", "rediss", "unix"]
)
if STORAGE_TYPE == "redis" and not REDIS_URL:
    raise ImproperlyConfigured("SERVER_STORAGE_URL must name the server: redis://host:6379/0.")


def _database() -> dict[str, Any]:
    if STORAGE_TYPE == "pgsql":
        return {
            "ENGINE": "grok2api.databases.postgresql",
            **env.database("SERVER_STORAGE_URL", ["postgresql", "postgres"]),
            # A page's queries last milliseconds: compiling or spreading them costs more.
            "OPTIONS": {
                "options": "-c jit=off -c max_parallel_workers_per_gather=0",
                # A host that is gone is noticed in seconds, also by a thread that waits for it.
                "connect_timeout": 5,
                "keepalives_idle": 10,
                "keepalives_interval": 5,
                "keepalives_count": 3,
                "tcp_user_timeout": 25_000,  # milliseconds
            },
        }
    if STORAGE_TYPE == "mysql":
        if find_spec("MySQLdb") is None:
            raise ImproperlyConfigured(
                "SERVER_STORAGE_TYPE=mysql needs a driver that is not installed: "
                ".venv/bin/pip install -r requirements-mysql.txt."
            )
        return {
            "ENGINE": "grok2api.databases.mysql",
            **env.database("SERVER_STORAGE_URL", ["mysql", "mariadb"]),
            "OPTIONS": {
                "charset": "utf8mb4",
                "isolation_level": "read committed",
                "connect_timeout": 5,
                "init_command": "SET sql_mode='STRICT_ALL_TABLES', innodb_lock_wait_timeout=20",
            },
        }
    return {
        "ENGINE": "grok2api.databases.sqlite",
        "NAME": DATA_DIR / "grok2api.sqlite3",
        # A file, as in service: an in-memory database has neither WAL nor concurrent writers.
        "TEST": {"NAME": DATA_DIR / "test.sqlite3"},
        "OPTIONS": {
            # IMMEDIATE: a transaction that will write waits for its turn at the start, where
            # waiting is possible, and never meets "database is locked" half-way.
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": (
                "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA temp_store=MEMORY;"
                "PRAGMA cache_size=-65536; PRAGMA mmap_size=2147418112;"
            ),
        },
    }


DATABASES = {"default": {**_database(), "CONN_MAX_AGE": None, "CONN_HEALTH_CHECKS": True}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
if REDIS_URL:
    CACHES = {
        "default": {
            "BACKEND": "django_redis.cache.RedisCache",
            "LOCATION": REDIS_URL,
            "OPTIONS": {
                "SERIALIZER": "grok2api.caching.SignedSerializer",
                "SOCKET_CONNECT_TIMEOUT": 5,
                "SOCKET_TIMEOUT": 5,
            },
        }
    }
    SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
else:
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    SESSION_ENGINE = "django.contrib.sessions.backends.db"

# Files

MEDIA_ROOT = env.folder("MEDIA_ROOT", BASE_DIR / "media")
S3 = env.s3("MEDIA_STORAGE_URL")
# Where nginx finds MEDIA_ROOT for itself, as an internal location such as /media-files/.
X_ACCEL_REDIRECT = env.text("X_ACCEL_REDIRECT")
if X_ACCEL_REDIRECT and not (X_ACCEL_REDIRECT.startswith("/") and X_ACCEL_REDIRECT.endswith("/")):
    raise ImproperlyConfigured("X_ACCEL_REDIRECT must begin and end with a slash: /media-files/.")
if X_ACCEL_REDIRECT and S3:
    raise ImproperlyConfigured("X_ACCEL_REDIRECT is for MEDIA_ROOT, not for MEDIA_STORAGE_URL.")
STATIC_ROOT = BASE_DIR / "staticfiles"
STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": (
        {"BACKEND": "gallery.files.s3.S3PictureStorage", "OPTIONS": S3}
        if S3
        else {"BACKEND": "gallery.files.storage.DurableFileSystemStorage"}
    ),
    "staticfiles": {"BACKEND": "grok2api.staticfiles.HashedStaticFilesStorage"},
}
WHITENOISE_MANIFEST_STRICT = False
# The group that may read pictures, such as nginx's; no group if it is None.
MEDIA_GROUP = env.group("MEDIA_GROUP")
# For static files, which are public. Pictures have their own modes (`gallery.files.storage`).
FILE_UPLOAD_PERMISSIONS = 0o644
FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o755
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.TemporaryFileUploadHandler"]
# The largest bodies: uploads and the gateway's forms; the gateway's JSON, which has
# pictures in base64; the library's JSON; a page's form.
# The door refuses larger ones unread, and more than 64 kB from strangers.
MAX_BODY_SIZE = 256 * 1024 * 1024
MAX_GATEWAY_JSON_SIZE = 64 * 1024 * 1024
MAX_JSON_SIZE = 16 * 1024 * 1024
MAX_FORM_SIZE = 2_621_440  # 2.5 MB
DATA_UPLOAD_MAX_MEMORY_SIZE = MAX_JSON_SIZE  # of a form's fields together, files apart
DATA_UPLOAD_MAX_NUMBER_FIELDS = 10_000

# Gallery and imagine

GALLERY_PAGE_SIZE = env.integer("GALLERY_PAGE_SIZE", 50, minimum=1, maximum=200)
GALLERY_MAX_PIXELS = env.integer(
    "GALLERY_MAX_PIXELS", 100_000_000, minimum=1_000_000, maximum=1_000_000_000
)
GALLERY_TRASH_DAYS = env.integer("GALLERY_TRASH_DAYS", 30, minimum=0, maximum=36_500)
IMAGINE_URL_TTL = env.integer("IMAGINE_URL_TTL", 0, minimum=0)
XAI_API_KEY = env.text("XAI_API_KEY")
XAI_BASE_URL = env.url("XAI_BASE_URL", ["http", "https"]) or "https://api.x.ai/v1"
IMAGINE_UPSTREAM_URL = env.url("IMAGINE_UPSTREAM_URL", ["http", "https"])
IMAGINE_UPSTREAM_KEY = env.text("IMAGINE_UPSTREAM_KEY")
# Links to pictures may lead to these hosts even on a private network.
IMAGINE_TRUSTED_HOSTS = env.hosts("IMAGINE_TRUSTED_HOSTS")
# The kind of program; `auto` recognises it by its address and its answers.
IMAGINE_UPSTREAM_KIND = env.choice(
    "IMAGINE_UPSTREAM_KIND", "auto", ["auto", "openai", "xai", "litellm", "grok2api"]
)
# Whether to request unfinished pictures; an upstream without them is recognised.
IMAGINE_UPSTREAM_STREAMS = env.boolean("IMAGINE_UPSTREAM_STREAMS", True)
IMAGINE_UPSTREAM_EDIT_MODEL = env.text("IMAGINE_UPSTREAM_EDIT_MODEL")
IMAGINE_UPSTREAM_MODEL = env.text("IMAGINE_UPSTREAM_MODEL")
IMAGINE_MODEL_ALIASES = env.names("IMAGINE_MODEL_ALIASES")
IMAGINE_TIMEOUT = env.integer("IMAGINE_TIMEOUT", 120, minimum=1, maximum=3600)
# How long a stopping process waits for running requests, which may be paid for.
SHUTDOWN_SECONDS = IMAGINE_TIMEOUT + 10
IMAGINE_MAX_RUNNING = env.integer("IMAGINE_MAX_RUNNING", 2000, minimum=1, maximum=100_000)
IMAGINE_PROVIDER = env.choice("IMAGINE_PROVIDER", "auto", ["auto", "xai", "openai", "sample"])
if IMAGINE_PROVIDER == "auto":
    IMAGINE_PROVIDER = "xai" if XAI_API_KEY else "openai" if IMAGINE_UPSTREAM_URL else "sample"
if IMAGINE_PROVIDER == "xai" and not XAI_API_KEY:
    raise ImproperlyConfigured("IMAGINE_PROVIDER=xai needs XAI_API_KEY.")
if IMAGINE_PROVIDER == "openai" and not IMAGINE_UPSTREAM_URL:
    raise ImproperlyConfigured("IMAGINE_PROVIDER=openai needs IMAGINE_UPSTREAM_URL.")

# A file of prices that override those that ship.
IMAGINE_PRICES = env.text("IMAGINE_PRICES")
if IMAGINE_PRICES:
    try:
        read_book(Path(IMAGINE_PRICES))
    except WrongPrices as error:
        raise ImproperlyConfigured(f"IMAGINE_PRICES: {error}") from None
# What happens if a caller with a budget requests a model without a price.
IMAGINE_UNPRICED = env.choice("IMAGINE_UNPRICED", "refuse", ["refuse", "allow"])

# Languages and time

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", _("Simplified Chinese")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = env.time_zone("TZ", get_localzone_name())

# REST API

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        # The first one's scheme is named in a 401.
        "imagine.api.auth.BearerAuthentication",
        "grok2api.csrf.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAdminUser"],
    "DEFAULT_RENDERER_CLASSES": [
        "gallery.api.renderers.JSONRenderer",
        "gallery.api.renderers.BrowsableAPIRenderer",
    ],
    "DEFAULT_PARSER_CLASSES": [
        "gallery.api.parsers.JSONParser",
        "rest_framework.parsers.FormParser",
        "rest_framework.parsers.MultiPartParser",
    ],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Grok2API Gallery",
    "VERSION": "1.0.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.IsAdminUser"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "gallery.api.schema.complete",
        "imagine.api.schema.add_gateway",
    ],
}

# Logs

LOG_DIR = env.made_folder("LOG_DIR", BASE_DIR / "logs")
LOG_LEVEL = env.choice("LOG_LEVEL", "INFO", ["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"])
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "json": {"()": "grok2api.logs.JsonLines"},
        "plain": {"()": "grok2api.logs.PlainLines"},
    },
    "filters": {"refusals": {"()": "grok2api.logs.Refusals"}},
    "handlers": {
        "stderr": {"class": "logging.StreamHandler", "formatter": "plain", "filters": ["refusals"]},
        "file": {
            "class": "concurrent_log_handler.ConcurrentRotatingFileHandler",
            "filename": str(LOG_DIR / "app.log"),
            "maxBytes": 10 * 1024 * 1024,
            "backupCount": 5,
            "encoding": "utf-8",
            "umask": 0o077,
            "formatter": "json",
            "filters": ["refusals"],
        },
    },
    "root": {"handlers": ["stderr", "file"], "level": LOG_LEVEL},
}
