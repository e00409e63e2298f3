"""The providers' door: batches of records in, one outcome for each out."""

from asyncio import to_thread
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response, status

from app.cache import TooManyRequests
from app.catalogue.errors import CatalogueEmpty
from app.clock import Now
from app.database import Tx
from app.intake import providers
from app.intake.errors import ProviderNotFound, UnreadableBatch
from app.intake.records import Malformed, Record, read_batch
from app.lanes import BatchTx
from app.people.guards import CurrentProvider, Documented
from app.probes import count_records
from app.problems import document
from app.reductions.deliver import Delivery, deliver
from app.reductions.lane_deliver import deliver_in_lanes
from app.reductions.schemas import BatchIn, BatchView, batch_json

router = APIRouter(prefix="/provider", tags=["provider"], dependencies=[Documented])

_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": BatchIn.model_json_schema()}},
    }
}
"""The body is read record by record, so that one bad record does not refuse the rest."""

Read = tuple[list[Record], list[Malformed]]


async def _batch(request: Request, provider: CurrentProvider) -> Read:
    """Read the body before a connection is taken, so a slow sender holds nothing but a socket."""
    state = request.app.state
    limits = state.settings.limits
    await state.cache.allow(
        f"provider:{provider.code}", per_minute=limits.provider_batches_per_minute
    )
    return await to_thread(read_batch, await request.body(), records_max=limits.batch_records)


@router.post(
    "/batches",
    status_code=status.HTTP_207_MULTI_STATUS,
    response_model=BatchView,
    responses=document(UnreadableBatch, ProviderNotFound, CatalogueEmpty, TooManyRequests),
    openapi_extra=_BODY,
)
async def post_batch(
    request: Request,
    provider: CurrentProvider,
    batch: Annotated[Read, Depends(_batch)],
    tx: BatchTx,
    now: Now,
) -> Response:
    """Deliver up to 1,000 records; each is answered, and sending a batch again is harmless."""
    if tx is None:
        delivery = await _in_lanes(request, provider.code, batch, now)
    else:
        delivery = await deliver(tx, **await _asked(request, tx, provider.code, batch, now))
    tally = delivery.tally
    count_records(
        {
            "credited": tally.credited,
            "duplicate": tally.duplicate,
            "held": tally.held,
            "rejected": tally.rejected,
        }
    )
    if tally.credited:
        request.app.state.cache.wake()
    return Response(
        batch_json(delivery),
        status_code=status.HTTP_207_MULTI_STATUS,
        media_type="application/json",
    )


async def _in_lanes(request: Request, code: str, batch: Read, now: datetime) -> Delivery:
    """The same, in transactions of its own."""
    state = request.app.state
    lanes = await state.lanes.lanes(state.database)
    async with state.database.reading() as tx:
        asked = await _asked(request, tx, code, batch, now)
    return await deliver_in_lanes(state.database, lanes=lanes, **asked)


async def _asked(request: Request, tx: Tx, code: str, batch: Read, now: datetime) -> dict[str, Any]:
    state = request.app.state
    records, malformed = batch
    known = await providers.by_code(tx, code=code)
    return {
        "provider_id": known.id,
        "records": records,
        "malformed": malformed,
        "versions": await state.catalogue.versions(tx),
        "subject_key": state.keys.subject,
        "now": now,
    }
