"""How often somebody may ask: such requests are work for others, and count as writes."""

from fastapi import Depends, Request

from app.people.guards import CurrentCitizen


async def _patience(request: Request, citizen: CurrentCitizen) -> None:
    limit = request.app.state.settings.limits.citizen_writes_per_minute
    await request.app.state.cache.allow(f"citizen:{citizen.account_id}", per_minute=limit)


Patience = Depends(_patience)
"""For a route's ``dependencies``."""
