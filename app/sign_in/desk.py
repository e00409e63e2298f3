"""What the routes of signing in share: one of these stands in ``app.state.desk``."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Network, IPv6Network
from typing import Any
from uuid import UUID

from fastapi import Request, Response

from app.database import Database, Tx
from app.edge import address_of
from app.keys import Keys
from app.people.tokens import LIFE, Audience, Tokens
from app.people.vault import Vault, vault_for
from app.settings import Settings, SignInSettings
from app.sign_in import credentials, guesses, passwords, sessions
from app.sign_in.credentials import Shown
from app.sign_in.digests import Digests
from app.sign_in.key_ring import KeyRing
from app.sign_in.liveness import Sessions
from app.sign_in.origin import Origin, network_of
from app.sign_in.platforms import Platform, alipay_for, wechat_for
from app.sign_in.schemas import DeviceIn, SessionOut
from app.sign_in.sessions import Begun
from app.sign_in.sms import Sms, sms_for


@dataclass(frozen=True, slots=True, repr=False)
class Desk:
    """Keys, sizes and ways out. Never printed."""

    database: Database
    vault: Vault
    digests: Digests
    sizes: SignInSettings
    trusted: tuple[IPv4Network | IPv6Network, ...]
    sms: Sms
    wechat: Platform
    alipay: Platform
    tokens: Tokens
    key_ring: KeyRing
    sessions: Sessions

    def origin_of(self, request: Request, device_id: str) -> Origin:
        """The device that a request names, and the network it comes from."""
        network = network_of(address_of(request, trusted=self.trusted))
        who = self.digests.who
        return Origin(who("device", device_id), who("network", network))

    async def start(
        self,
        tx: Tx,
        *,
        audience: Audience,
        person_id: UUID,
        account_id: int = 0,
        origin: Origin,
        device: DeviceIn,
        now: datetime,
    ) -> Begun:
        """Start a session of somebody whom the caller has recognised."""
        return await sessions.start(
            tx,
            audience=audience,
            person_id=person_id,
            account_id=account_id,
            device=sessions.Device(origin.device, device.name, device.platform),
            digests=self.digests,
            vault=self.vault,
            now=now,
        )

    async def recognise(self, shown: Shown, *, origin: Origin, now: datetime) -> UUID:
        """Who has this password and second factor.

        Raises:
            TooManyGuesses: nothing was looked at.
            LoginRefused: something does not fit; which is never said.

        """
        return await credentials.ensure(
            self.database,
            shown=shown,
            origin=origin,
            vault=self.vault,
            sizes=self.sizes,
            now=now,
        )

    @asynccontextmanager
    async def enrolling(
        self, request: Request, *, what: str, password: str, now: datetime
    ) -> AsyncIterator[tuple[Tx, str]]:
        """A transaction in which a one-time code is used, and the hash of the password it sets.

        The guess is paid first, and paid back when the code was right.

        Raises:
            PasswordWeak: it is easy to guess, whoever it is for.
            TooManyGuesses: nothing was looked at.

        """
        passwords.ensure_strong(password)
        origin = self.origin_of(request, what)
        async with self.database.writing() as tx:
            await guesses.pay(tx, origin=origin, sizes=self.sizes, now=now)
        password_hash = await credentials.hashed(password)
        async with self.database.writing() as tx:
            yield tx, password_hash
            await guesses.pay_back(tx, origin=origin, sizes=self.sizes)

    async def answer(
        self, response: Response, begun: Begun, *, is_new: bool, now: datetime, **claims: Any
    ) -> SessionOut:
        """Both tokens of a session that is committed; nobody may keep the answer."""
        await self.key_ring.ensure_may_sign(now=now)
        response.headers["Cache-Control"] = "no-store"
        subject = claims.pop("subject", begun.person_id)
        access = self.tokens.sign(
            begun.audience,
            subject=str(subject),
            account_id=begun.account_id if begun.audience is Audience.citizen else 0,
            session_id=begun.session_id,
            now=now,
            **claims,
        )
        return SessionOut(
            access_token=access,
            access_expires_in_s=int(LIFE.total_seconds()),
            refresh_token=begun.refresh_token,
            refresh_expires_in_s=int((begun.refresh_ends_at - now).total_seconds()),
            session_id=begun.session_id,
            account_is_new=is_new,
        )


def desk_for(settings: Settings, keys: Keys, *, database: Database, tokens: Tokens) -> Desk:
    """The desk of one process."""
    return Desk(
        database=database,
        vault=vault_for(keys),
        digests=Digests(keys.subject),
        sizes=settings.sign_in,
        trusted=settings.trusted_proxies,
        sms=sms_for(settings),
        wechat=wechat_for(settings),
        alipay=alipay_for(settings),
        tokens=tokens,
        key_ring=KeyRing(database, tokens, keys.subject),
        sessions=Sessions(database),
    )
