"""People: sign-in by e-mail, no user names."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models
from django.db.models.functions import Lower


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user


class User(AbstractBaseUser, PermissionsMixin):
    """A customer's person, or one of the carrier's when `carrier_role` is set."""

    class CarrierRole(models.TextChoices):
        NONE = "", "customer's person"
        REP = "rep", "account rep"
        ENGINEER = "engineer", "billing-integration engineer"

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=120)
    carrier_role = models.CharField(max_length=12, choices=CarrierRole.choices, default=CarrierRole.NONE, blank=True)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]
    objects = UserManager()

    class Meta:
        constraints = [models.UniqueConstraint(Lower("email"), name="one_user_per_email")]

    def __str__(self) -> str:
        return self.name or self.email
