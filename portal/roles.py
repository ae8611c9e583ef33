"""The database's roles: who may see and write what, whatever the code does (invariants §4.1).

    tributary_owner    owns tables and functions; only migrations act as it
    tributary_web      web processes log in as it       member of tenant, support, staff
    tributary_worker   workers and commands log in      member of tenant, staff, ingest
    tributary_tenant   a customer's people: row-level security shows one customer
    tributary_support  the same rows, and can write nothing
    tributary_staff    the carrier's people and jobs: every customer, few tables writable
    tributary_ingest   the nightly import: sees all of the bills, nothing of the payments

Login roles inherit nothing: every transaction takes on one of the group roles (portal/tenancy.py).
"""

from __future__ import annotations

import hashlib
import hmac

OWNER = "tributary_owner"
WEB = "tributary_web"
WORKER = "tributary_worker"
TENANT = "tributary_tenant"
SUPPORT = "tributary_support"
STAFF = "tributary_staff"
INGEST = "tributary_ingest"

LOGINS = {WEB: (TENANT, SUPPORT, STAFF), WORKER: (TENANT, STAFF, INGEST)}
GROUPS = (TENANT, SUPPORT, STAFF, INGEST)
EVERYONE = (*GROUPS, *LOGINS)


def password(secret_key: str, role: str) -> str:
    """The password of a login role, derived from the secret key so that nobody has to invent or store one."""
    return hmac.new(secret_key.encode(), f"database role {role}".encode(), hashlib.sha256).hexdigest()
