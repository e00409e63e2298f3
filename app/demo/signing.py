"""Sign in as somebody, for development: a token without a password."""

from datetime import datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.database import Tx
from app.intake import providers
from app.intake.files_table import FileProblem
from app.merchants import directory
from app.people.officers import offices_of
from app.people.offices import Office
from app.people.register import citizen, officer
from app.people.seats import Role, Seat
from app.people.tokens import Audience, Tokens


async def token(tx: Tx, *, who: str, key: Ed25519PrivateKey, life: timedelta, now: datetime) -> str:
    """A token for ``kind:name``.

    Args:
        tx: a reading connection.
        who: ``citizen:lin``, ``merchant:xijin-coffee``, ``provider:zhenjiang-bike`` or
            ``officer:wang-maker``.
        key: what tokens are signed with.
        life: how long it is good.
        now: when (UTC).

    Raises:
        FileProblem: not of that form.
        DomainError: nobody is called so.

    """
    kind, _, name = who.partition(":")
    if kind not in set(Audience) or not name:
        raise FileProblem(
            f"`{who}` is not kind:name; kinds are {', '.join(Audience)}.",
            f"{who} 的写法应为 类型:名称,例如 citizen:lin。",
        )
    audience = Audience(kind)
    account_id, held = 0, frozenset[Office]()
    if audience is Audience.citizen:
        person = await citizen(tx, name=name)
        subject, account_id = str(person.id), person.account_id
    elif audience is Audience.merchant:
        subject = str((await directory.by_code(tx, code=name)).id)
    elif audience is Audience.provider:
        subject = (await providers.by_code(tx, code=name)).code
    else:
        officer_id = await officer(tx, name=name)
        subject, held = str(officer_id), await offices_of(tx, officer_id=officer_id)
    seat = Seat(Role.manager) if audience is Audience.merchant else None
    return Tokens(key).sign(
        audience,
        subject=subject,
        account_id=account_id,
        seat=seat,
        offices=held,
        now=now,
        life=life,
    )
