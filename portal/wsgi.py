"""The web application, for gunicorn."""

import gc
import os

from django.core.wsgi import get_wsgi_application

from portal import embedded

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
os.environ["TRIBUTARY_ROLE"] = "tributary_web"
embedded.ensure()
application = get_wsgi_application()
gc.collect()
gc.freeze()  # what is loaded by now stays for good: looking through it for cycles is a tenth of a page's time
