"""Who is signed in: allauth's sign-in by e-mail; every page asks for its user, so that is done in plain SQL."""

from __future__ import annotations

from allauth.account.auth_backends import AuthenticationBackend
from django.db import connection

from portal.users.models import User

_COLUMNS = [field.attname for field in User._meta.concrete_fields]
_USER = " ".join(("SELECT", ", ".join(_COLUMNS), "FROM users_user WHERE id = %s AND is_active"))


class EmailBackend(AuthenticationBackend):  # type: ignore[misc]
    def get_user(self, user_id: int) -> User | None:
        """The user as long as they may sign in: a deactivated one is signed out with their next page."""
        with connection.cursor() as cursor:
            cursor.execute(_USER, [user_id])
            found = cursor.fetchone()
        return User.from_db(connection.alias, _COLUMNS, found) if found else None
