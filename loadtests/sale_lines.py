"""Sales with a line or a draw: everybody takes a ticket at the bell, the worker grants.

The draw is drawn again here, with nothing but what is public: the seed, its hash, the tickets.
"""

import hashlib
from collections.abc import Sequence
from concurrent.futures import Future
from threading import Thread
from typing import Any
from uuid import UUID

import psycopg

from app.checks import Check
from app.rewards.queue_tables import TicketState
from app.rewards.tables import Mode
from loadtests.sale_city import City, Sale, tend_until
from loadtests.sale_crowd import Heard
from loadtests.sale_faults import WATCHER
from loadtests.sale_judge import Books, books, conserved, told, verified

TICKETS = "/v1/me/tickets"
WITHIN_S = 300
GRANTED, WAITING, LOST = (
    each.value for each in (TicketState.granted, TicketState.waiting, TicketState.lost)
)
State = dict[int, int]


def granted_while(town: City, sale: Sale, jobs: Sequence[Future[list[Heard]]]) -> float:
    """Do the worker's part until all that can be granted is, and losers know; in seconds."""
    took: list[float] = []

    def enough() -> bool:
        if not all(each.done() for each in jobs):
            return False
        states = _states(town, sale)
        done = states.get(GRANTED, 0) >= min(sale.units, sum(states.values()))
        return done and (sale.mode is Mode.queue or not states.get(WAITING, 0))

    worker = Thread(target=lambda: took.append(tend_until(town, enough=enough, within_s=WITHIN_S)))
    worker.start()
    worker.join()
    return took[0] if took else 0


def _states(town: City, sale: Sale) -> State:
    with psycopg.connect(town.place.url, autocommit=True, application_name=WATCHER) as connection:
        return dict(connection.execute(_STATES, (sale.offer_id,)).fetchall())


def judge(town: City, sale: Sale, heard: Sequence[Heard], before: Books) -> list[Check]:
    """Every check of a line or a draw."""
    states = _states(town, sale)
    with psycopg.connect(town.place.url, autocommit=True, application_name=WATCHER) as connection:
        tickets: list[tuple[Any, ...]] = connection.execute(_TICKETS, (sale.offer_id,)).fetchall()
        redeemed = {x for (x,) in connection.execute(_REDEEMED, (sale.offer_id,))}
        seed, seed_hash = connection.execute(_SEED, (sale.offer_id,)).fetchone() or (b"", b"")
    promised = {UUID(x.id) for x in heard if x.act == "claim" and x.status == 201}
    known = {ticket_id for ticket_id, *_ in tickets}
    granted = {ticket_id for ticket_id, state, *_ in tickets if state == GRANTED}
    devices = [device for *_, device in tickets]
    due = min(sale.units, len(tickets))
    return [
        Check("as many are granted as there are units", len(granted), abs(due - len(granted))),
        Check("a granted ticket is a redemption", len(redeemed), len(redeemed ^ granted)),
        Check("every 201 has its ticket, every ticket its 201", len(known), len(known ^ promised)),
        Check("one ticket a device", len(devices), len(devices) - len(set(devices))),
        _fair(sale, tickets, granted, seed, seed_hash),
        *told(sale, heard),
        *conserved(before, books(town), held=len(granted) + states.get(WAITING, 0)),
        verified(town),
    ]


def _fair(
    sale: Sale, tickets: Sequence[tuple[Any, ...]], granted: set[UUID], seed: bytes, digest: bytes
) -> Check:
    """The head of the line, or the lowest of the draw, are those who got a unit."""
    if sale.mode is Mode.queue:
        head = {ticket_id for ticket_id, _, place, _ in tickets if place and place <= sale.units}
        return Check("the line was served from its head", len(head), len(head ^ granted))
    order = sorted(tickets, key=lambda each: hashlib.sha256(seed + each[0].bytes).digest())
    lowest = {ticket_id for ticket_id, *_ in order[: sale.units]}
    broken = hashlib.sha256(seed).digest() != digest
    return Check("the draw, drawn again, is the same", len(order), len(lowest ^ granted) + broken)


_STATES = "SELECT state, count(*)::int FROM ticket WHERE offer_id = %s GROUP BY 1"
_TICKETS = "SELECT id, state, place, device FROM ticket WHERE offer_id = %s"
_REDEEMED = "SELECT id FROM redemption WHERE offer_id = %s AND state IN (1, 2)"
_SEED = "SELECT seed, seed_hash FROM offer_seed WHERE offer_id = %s"
