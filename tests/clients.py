"""A browser without script, signed in as one of the personas."""

from __future__ import annotations

from django.conf import settings
from django.test import Client

from portal.actor import Actor
from portal.users.models import User


def client_of(actor: Actor) -> Client:
    client = Client()
    client.force_login(User.objects.get(pk=actor.user_id), backend=settings.AUTHENTICATION_BACKENDS[0])
    return client
