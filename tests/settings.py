"""The product's settings, with what tests need to be different.

Processes that a test starts run the product's own settings: see conftest.py.
"""

import os

from config.settings import *  # noqa: F403
from config.settings import CACHES, CELERY_BROKER_TRANSPORT_OPTIONS, DATABASES, LOGGING, STORAGES
from launch import environment

# Several checkouts or benchmarks may test on one server, each under its own name.
_NAME = environment.text("TUCAI_TEST_DB", "tucai")
DATABASES["default"]["TEST"] = {"NAME": f"test_{_NAME}"}
# Each process has its keys to itself, as it has its database: what an earlier run counted is not counted again.
CACHES["default"]["KEY_PREFIX"] = f"test_{_NAME}{os.environ.get('PYTEST_XDIST_WORKER', '')}_{os.getpid()}"
CELERY_BROKER_TRANSPORT_OPTIONS["global_keyprefix"] = f"{CACHES['default']['KEY_PREFIX']}:"
DASHBOARD_SECONDS = 0
# A million rounds of PBKDF2 for every person of every test teach nothing.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# The pages are tested without collectstatic; the hashed names have tests of their own.
STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
LOGGING["root"]["level"] = "WARNING"
# Outside of a page, `reverse` gives the addresses of this year.
ROOT_URLCONF = "tests.support.urls"
