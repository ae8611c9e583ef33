"""The web application, for gunicorn."""

import os

from django.core.wsgi import get_wsgi_application

from portal import embedded

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
os.environ["TRIBUTARY_ROLE"] = "tributary_web"
embedded.ensure()
application = get_wsgi_application()
