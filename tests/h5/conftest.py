"""A small city with a phone in it: a citizen with points, a shop, and the service on loopback."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, LiteralString

import pytest

from app.ids import new_id
from app.intake import providers
from app.keys import Keys
from app.notices.enqueue import enqueue
from app.people import linking, profile
from app.people.register import CitizenView, register_citizen, register_newcomer
from app.people.subjects import digest_of
from app.people.tokens import DEVELOPMENT_LIFE, Audience, Tokens
from app.rights import requests
from tests import city, make
from tests.browser import Watched, browser, phone  # noqa: F401  # a fixture
from tests.console.conftest import ShopCounter, Site, a_shop, cache, site  # noqa: F401  # fixtures
from tests.h5.eyes import see
from tests.make import NOON


@dataclass
class Town:
    """What a phone needs around it."""

    site: Site
    citizen: CitizenView
    counter: ShopCounter
    keys: Keys

    @asynccontextmanager
    async def hand(
        self,
        chromium,
        *,
        language: str = "zh-CN",
        dark: bool = False,
        of: CitizenView | None = None,
    ) -> AsyncIterator[Watched]:
        """The citizen's phone, or somebody else's: signed in and looked at to the end."""
        async with phone(chromium, self.site.address, language=language) as watched:
            page = watched.page
            await page.clock.set_fixed_time(NOON)
            await page.emulate_media(color_scheme="dark" if dark else "light")
            await page.goto(f"/#/in/{self.token_of(of or self.citizen)}")
            await page.wait_for_selector("[data-test=points]")
            yield watched
            await see(page)

    @property
    def token(self) -> str:
        """What lets the citizen in."""
        return self.token_of(self.citizen)

    def token_of(self, person: CitizenView) -> str:
        """What lets somebody in."""
        return Tokens(self.keys.token).sign(
            Audience.citizen,
            subject=str(person.id),
            account_id=person.account_id,
            now=NOON,
            life=DEVELOPMENT_LIFE,
        )

    async def newcomer(self) -> CitizenView:
        """Somebody who has just proved a phone, and has said nothing yet."""
        async with self.site.database.writing() as tx:
            return await register_newcomer(tx, citizen_id=new_id(), now=NOON)

    async def says_birth_year(self, person: CitizenView, year: int) -> None:
        """Somebody says in the profile when they were born."""
        async with self.site.database.writing() as tx:
            await profile.change(
                tx,
                account_id=person.account_id,
                wish=profile.Wish(birth_year=year),
                known=None,
                now=NOON,
            )

    async def one(self, statement: LiteralString, *values: object) -> tuple[Any, ...]:
        """The one row that a question has."""
        async with self.site.database.reading() as tx:
            rows = await (await tx.execute(statement, values)).fetchall()
        (row,) = rows
        return row

    async def comes_to(self, wanted: int, statement: LiteralString, *values: object) -> None:
        """Wait for a number that a page is about to change."""
        for _ in range(600):
            if (found := await self.one(statement, *values)) == (wanted,):
                return
            await asyncio.sleep(0.05)
        raise AssertionError(f"{found} is not {wanted}")

    async def count(self, table: str) -> int:
        """How many rows the citizen has."""
        async with self.site.database.reading() as tx:
            rows = await tx.execute(
                f"SELECT count(*) FROM {table} WHERE account_id = %s", (self.citizen.account_id,)
            )
            row = await rows.fetchone()
        assert row is not None
        return row[0]

    async def link(self) -> None:
        """The citizen's card at the bicycle company is linked."""
        async with self.site.database.writing() as tx:
            provider = await providers.by_code(tx, code="bikes")
            await linking.link(
                tx,
                account_id=self.citizen.account_id,
                provider_id=provider.id,
                subject=digest_of(city.SUBJECT_KEY, provider_id=provider.id, subject="card-lin"),
                scenarios=["bike_ride"],
                now=NOON,
            )

    async def ride(self, ref: str, **facts) -> None:
        """The bicycle company reports a ride of this morning; it is credited and committed."""
        async with self.site.database.writing() as tx:
            await city.send(tx, city.ride(ref, subject="card-lin", **facts))

    async def live(self) -> None:
        """A day of the citizen's: a ride, what was told of it, and the wish for a copy of it all."""
        await self.link()
        await self.ride("lived-1")
        async with self.site.database.writing() as tx:
            facts = {self.citizen.account_id: {"points": 18}}
            await enqueue(tx, template="points_earned", facts_of=facts, now=NOON)
            citizen = self.citizen.account_id
            await requests.ask_export(tx, account_id=citizen, today=NOON.date(), now=NOON)


@pytest.fixture
async def town(site, keys) -> Town:  # noqa: F811  # the fixture above
    """A programme, a provider, a shop, and a citizen with 300 points and no link."""
    async with site.database.writing() as tx:
        await city.programme(tx)
        citizen = await register_citizen(tx, nickname="lin", district_code="321102", now=NOON)
        await make.points(tx, citizen.account_id, 300)
        counter = await a_shop(tx)
    return Town(site, citizen, counter, keys)
