#!/usr/bin/env python
"""Django's command line for this project."""

import os
import sys

import django
from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line
from django.db import InterfaceError, OperationalError

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "grok2api.settings")
    if sys.argv[1:2] != ["collectstatic"]:  # which whoever serves may have left to somebody else
        os.umask(0o077)
    try:
        django.setup()
        from grok2api.preflight import NotReady, ready_for

        try:
            ready_for(sys.argv[1:])
        except NotReady as error:
            sys.exit(f"{error}")
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(f"{error}")
    except (OperationalError, InterfaceError) as error:
        from grok2api.preflight import explain

        sys.exit(explain(error))
