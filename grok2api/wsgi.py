"""The WSGI application of pages and the REST API."""

import os

from django.core.wsgi import get_wsgi_application

from .door.hosts import PageRequest

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "grok2api.settings")
application = get_wsgi_application()
application.request_class = PageRequest
