"""Door: what citizens usually agree to with each provider, so that a form can suggest it."""

from app.database import Tx

SAMPLE = 2_000
"""So many consents are looked at, however many there are: it is a hint, not a figure."""


async def usual_scenarios(tx: Tx) -> dict[int, list[str]]:
    """Scenarios by the provider's number, the most usual first."""
    found: dict[int, list[str]] = {}
    async for provider_id, scenario in await tx.execute(_USUAL, (SAMPLE,)):
        found.setdefault(provider_id, []).append(scenario)
    return found


_USUAL = """
SELECT provider_id, scenario
  FROM (SELECT provider_id, scenario FROM consent WHERE withdrawn_at IS NULL LIMIT %s) sample
 GROUP BY provider_id, scenario ORDER BY provider_id, count(*) DESC, scenario
"""
