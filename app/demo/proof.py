"""Every room's invariants, proved in one snapshot: what ``puhui verify`` prints."""

from app.catalogue import budgets_verify
from app.catalogue.versions import Catalogue
from app.checks import Check
from app.database import Database
from app.ledger import lots_verify, rollup_verify, seal_checks
from app.ledger import verify as ledger
from app.merchants import verify as merchants
from app.people import verify as people
from app.reductions import verify as reductions
from app.rewards import verify as rewards
from app.rights import verify as rights
from app.settlement import verify as settlement


async def prove(database: Database) -> list[Check]:
    """All checks on one moment of the live database."""
    async with database.snapshot() as tx:
        versions = await Catalogue().versions(tx)
        return [
            *await ledger.checks(tx),
            *await lots_verify.checks(
                tx, zone=versions.zone, life_months=versions.points_life_months
            ),
            *await rollup_verify.checks(tx, zone=versions.zone),
            *await seal_checks.checks(tx),
            *await merchants.checks(tx),
            *await budgets_verify.checks(tx),
            *await people.checks(tx),
            *await reductions.checks(tx, versions=versions),
            *await rewards.breaches(tx),
            *await settlement.checks(tx),
            *await rights.checks(tx),
        ]
