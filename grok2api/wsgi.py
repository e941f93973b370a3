"""Pages and the REST API: synchronous Django."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "grok2api.settings")
application = get_wsgi_application()
