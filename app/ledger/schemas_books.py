"""What the endpoints about roll-ups, liability, attribution and seals return."""

from datetime import date, datetime
from typing import Self
from uuid import UUID

from pydantic import BaseModel, Field

from app.ledger.attribution import Part, Source
from app.ledger.liability import Liability, Quarter
from app.ledger.rollup import PoolTotal
from app.ledger.seal_days import Day
from app.ledger.seal_proof import Proof
from app.ledger.trial import Trial, UnitTrial

_HASH = "5df6e0e2761359d30a8275058e299fcc0381534545f55cf43e41983f5d4c9456"


class CounterTotalView(BaseModel):
    """A counter-account's side of the book."""

    number: int = Field(description="Its number.", examples=[1000])
    kind: str = Field(description="programme, sponsor, pool, merchant, expiry, ...; may be empty.")
    name_zh: str = Field(description="Its Chinese name, if it has one.")
    name_en: str = Field(description="Its English name, if it has one.")
    points: int = Field(description="Whole points it has; negative where they came from.")
    entries: int = Field(description="How many entries moved them.", examples=[1200])


class UnitTrialView(BaseModel):
    """The trial balance of one unit."""

    unit: str = Field(description="The code of the points' unit.", examples=["points"])
    accounts: int = Field(description="How many accounts have a balance.", examples=[3210000])
    points: int = Field(description="Whole points on all accounts, held ones included.")
    held: int = Field(description="How many of them are set aside for open coupons.")
    difference: int = Field(description="Accounts and counter-accounts together: 0.", examples=[0])
    counter_accounts: list[CounterTotalView] = Field(description="By number.")

    @classmethod
    def of(cls, unit: UnitTrial) -> Self:
        """The officer's view of one unit."""
        return cls(
            unit=unit.unit,
            accounts=unit.accounts,
            points=unit.points,
            held=unit.held,
            difference=unit.difference,
            counter_accounts=[
                CounterTotalView(
                    number=each.number,
                    kind=each.kind,
                    name_zh=each.name_zh,
                    name_en=each.name_en,
                    points=each.points,
                    entries=each.entries,
                )
                for each in unit.counter_accounts
            ],
        )


class TrialView(BaseModel):
    """The trial balances of one moment."""

    watermark_xid: int = Field(description="Up to which transaction the roll-up was used.")
    units: list[UnitTrialView] = Field(description="One for each unit in use.")

    @classmethod
    def of(cls, trial: Trial) -> Self:
        """The officer's view."""
        return cls(
            watermark_xid=trial.watermark_xid,
            units=[UnitTrialView.of(each) for each in trial.units],
        )


class UnitLiabilityView(BaseModel):
    """What is owed in one unit."""

    unit: str = Field(description="The code of the points' unit.", examples=["points"])
    outstanding: int = Field(description="Whole points that citizens have, held ones included.")
    held: int = Field(description="How many of them are set aside for open coupons.")


class QuarterView(BaseModel):
    """The points that end in one quarter."""

    unit: str = Field(description="The code of the points' unit.", examples=["points"])
    ends_on: date = Field(description="The last day of the quarter.", examples=["2028-03-31"])
    issued: int = Field(description="Whole points ever given that end in this quarter.")
    outstanding: int = Field(description="How many of them are still there.")
    expired: int = Field(description="How many of them ended unspent.")
    breakage_bp: int | None = Field(
        description="Expired, in ten-thousandths of issued; null until the quarter is over.",
        examples=[830],
    )

    @classmethod
    def of(cls, quarter: Quarter) -> Self:
        """The officer's view of one quarter."""
        return cls(
            unit=quarter.unit,
            ends_on=quarter.ends_on,
            issued=quarter.issued,
            outstanding=quarter.outstanding,
            expired=quarter.expired,
            breakage_bp=quarter.breakage_bp,
        )


class LiabilityView(BaseModel):
    """What the programme owes its citizens."""

    units: list[UnitLiabilityView] = Field(description="Sums by unit.")
    quarters: list[QuarterView] = Field(description="By unit and the quarter in which they end.")

    @classmethod
    def of(cls, owed: Liability) -> Self:
        """The officer's view."""
        return cls(
            units=[
                UnitLiabilityView(unit=each.unit, outstanding=each.outstanding, held=each.held)
                for each in owed.units
            ],
            quarters=[QuarterView.of(each) for each in owed.quarters],
        )


class PartView(BaseModel):
    """Points that one source gave and one purchase took."""

    ref: UUID = Field(description="The redemption, or the certificate of a donation.")
    source: int = Field(description="The counter-account that gave the points.", examples=[100])
    unit: str = Field(description="The code of the points' unit.", examples=["points"])
    points: int = Field(description="Whole points of it that were spent.", examples=[60])
    refunded: int = Field(description="How many of those were given back.", examples=[0])


class SourceView(BaseModel):
    """What one source paid in all, in one unit."""

    number: int = Field(description="The counter-account that gave the points.", examples=[100])
    name_zh: str = Field(description="Its Chinese name, if it has one.")
    name_en: str = Field(description="Its English name, if it has one.")
    unit: str = Field(description="The code of the points' unit.", examples=["points"])
    points: int = Field(description="Whole points of it that were spent.", examples=[60])
    refunded: int = Field(description="How many of those were given back.", examples=[0])
    settled: int = Field(description="What it owes: spent and not given back.", examples=[60])


class AttributionView(BaseModel):
    """Whose points paid."""

    sources: list[SourceView] = Field(description="Sums by who gave the points.")
    parts: list[PartView] = Field(description="The same by purchase.")

    @classmethod
    def of(cls, sources: list[Source], parts: list[Part]) -> Self:
        """The officer's view; accounts stay out of it."""
        return cls(
            sources=[
                SourceView(
                    number=each.number,
                    name_zh=each.name_zh,
                    name_en=each.name_en,
                    unit=each.unit,
                    points=each.points,
                    refunded=each.refunded,
                    settled=each.settled,
                )
                for each in sources
            ],
            parts=[
                PartView(
                    ref=each.ref,
                    source=each.source,
                    unit=each.unit,
                    points=each.points,
                    refunded=each.refunded,
                )
                for each in parts
            ],
        )


class PoolView(BaseModel):
    """What citizens gave to a pool."""

    number: int = Field(description="The pool's number.", examples=[500])
    name_zh: str = Field(description="Its Chinese name.", examples=["植树"])
    name_en: str = Field(description="Its English name.", examples=["Trees"])
    unit: str = Field(description="Of which points, by their code.", examples=["points"])
    points: int = Field(description="Whole points given, all in all.", examples=[120000])
    donations: int = Field(description="In how many donations.", examples=[4100])

    @classmethod
    def of(cls, pool: PoolTotal) -> Self:
        """The public view of a pool."""
        return cls(
            number=pool.number,
            name_zh=pool.name_zh,
            name_en=pool.name_en,
            unit=pool.unit,
            points=pool.points,
            donations=pool.donations,
        )


class PoolList(BaseModel):
    """All pools."""

    items: list[PoolView] = Field(description="By number.")


class SealDayView(BaseModel):
    """The published head of the book at the end of a day."""

    day: date = Field(description="The programme's civil day.", examples=["2026-11-20"])
    round: int = Field(description="The newest round of seals in it.", examples=[1440])
    buckets: int = Field(description="How many chains it covers.", examples=[1024])
    entries: int = Field(description="How many entries had been sealed.", examples=[12800000])
    root: str = Field(description="Merkle root over the heads of all chains.", examples=[_HASH])
    chain: str = Field(description="This day, chained to the one before.", examples=[_HASH])
    sealed_at: datetime = Field(description="When the day was closed.")

    @classmethod
    def of(cls, day: Day) -> Self:
        """The public view of a day."""
        return cls(
            day=day.day,
            round=day.round,
            buckets=day.buckets,
            entries=day.entries,
            root=day.root.hex(),
            chain=day.chain.hex(),
            sealed_at=day.sealed_at,
        )


class SealDayPage(BaseModel):
    """A page of published days."""

    items: list[SealDayView] = Field(description="Newest first.")
    next_cursor: str | None = Field(description="Ask with it for the next page; null at the end.")


class SealView(BaseModel):
    """One link of a bucket's chain."""

    bucket: int = Field(description="Which chain, 0 to 1023.", examples=[17])
    nth: int = Field(description="Which link of it, from 1.", examples=[42])
    after_xid: int = Field(description="It covers transactions above this number ...")
    upto_xid: int = Field(description="... up to this one.")
    entries: int = Field(description="How many entries it covers.", examples=[9])
    root: str = Field(description="Merkle root over them.", examples=[_HASH])
    chain: str = Field(description="Its hash, which continues the one before.", examples=[_HASH])
    sealed_at: datetime = Field(description="When it was made.")


class ProofView(BaseModel):
    """The proof that an entry stands in the sealed book; all bytes as hex."""

    canonical: str = Field(description="The entry's 112 bytes as they are hashed.")
    leaf: str = Field(description="SHA-256 of a zero byte and them.", examples=[_HASH])
    place: int = Field(description="Its place among the leaves of the seal, from 0.", examples=[3])
    path: list[str] = Field(description="The hashes beside the way from the leaf to the root.")
    seal: SealView = Field(description="The link that covers the entry.")
    chain_before: str = Field(description="The hash that link continues.", examples=[_HASH])
    head_nth: int = Field(description="The newest link of this chain.", examples=[57])
    head_chain: str = Field(description="Its hash.", examples=[_HASH])

    @classmethod
    def of(cls, proof: Proof) -> Self:
        """The owner's view."""
        seal = proof.seal
        return cls(
            canonical=proof.canonical.hex(),
            leaf=proof.leaf.hex(),
            place=proof.place,
            path=[each.hex() for each in proof.path],
            seal=SealView(
                bucket=seal.bucket,
                nth=seal.nth,
                after_xid=seal.after_xid,
                upto_xid=seal.upto_xid,
                entries=seal.entries,
                root=seal.root.hex(),
                chain=seal.chain.hex(),
                sealed_at=seal.sealed_at,
            ),
            chain_before=proof.chain_before.hex(),
            head_nth=proof.head.nth,
            head_chain=proof.head.chain.hex(),
        )
