"""What is personal about a merchant, as it is kept: sealed field by field, with its row's id.

A row of before this release is plain until `seal_contacts` has come by; it is read all the same.
"""

from uuid import UUID

from app.people.vault import Vault

NAME, PHONE, NUMBER = "merchant.contact_name", "merchant.phone", "merchant.bank_account"
END_CHARS = 4
"""How much of an account is shown to everybody who may see that there is one."""


def sealed(value: str, *, vault: Vault, owner: UUID, field: str) -> bytes:
    """A field as it is kept."""
    return vault.seal(value, owner=owner, field=field)


def opened(kept: bytes | None, plain: str | None, *, vault: Vault, owner: UUID, field: str) -> str:
    """A field as it was said, sealed or still plain."""
    if kept is None:
        assert plain is not None, "the schema: a field is sealed or plain"
        return plain
    return vault.open(kept, owner=owner, field=field)


def fingerprint(value: bytes, *, vault: Vault) -> bytes:
    """A digest that tells a retry from another intention, and nothing to whoever lacks the key."""
    return vault.index("merchant application", value.hex())
