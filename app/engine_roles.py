"""The roles of the embedded PostgreSQL: who they are, and what they log in with.

Standard library only. What each may do is granted by the migrations.
"""

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass

SCRAM_ITERATIONS = 4096


@dataclass(frozen=True)
class Passwords:
    """The secrets of one pair of engines, in hexadecimal so that URLs need no escaping."""

    superuser: str
    owner: str
    app: str
    worker: str
    reader: str
    valkey: str


def new_passwords() -> Passwords:
    """Six fresh passwords of 192 bits."""
    return Passwords(*(secrets.token_hex(24) for _ in range(6)))


def role_statements(passwords: Passwords) -> list[str]:
    """Make the roles that are not there, and let them log in.

    One statement a line; the server sees verifiers, never a password.
    """
    logins = {
        "puhui_owner": passwords.owner,
        "puhui_app": passwords.app,
        "puhui_worker": passwords.worker,
        "puhui_reader": passwords.reader,
    }
    return [
        *(_MAKE_ROLE.format(role=role) for role in (*logins, "puhui_caller")),
        *(f"ALTER ROLE {role} LOGIN PASSWORD '{_verifier(p)}'" for role, p in logins.items()),
        "ALTER ROLE puhui_reader SET default_transaction_read_only = on",
        "GRANT puhui_caller TO puhui_app",
        f"ALTER ROLE postgres PASSWORD '{_verifier(passwords.superuser)}'",
    ]


def _verifier(password: str) -> str:
    """What PostgreSQL stores of a password (SCRAM-SHA-256, RFC 5803)."""
    salt = secrets.token_bytes(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, SCRAM_ITERATIONS)
    client = hmac.digest(salted, b"Client Key", "sha256")
    stored, server = hashlib.sha256(client).digest(), hmac.digest(salted, b"Server Key", "sha256")
    salt64, stored64, server64 = (base64.b64encode(x).decode() for x in (salt, stored, server))
    return f"SCRAM-SHA-256${SCRAM_ITERATIONS}:{salt64}${stored64}:{server64}"


_MAKE_ROLE = (
    "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}')"
    " THEN CREATE ROLE {role}; END IF; END $$"
)
