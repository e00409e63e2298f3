"""What the endpoints of tickets and draws accept and return."""

from datetime import datetime
from typing import Literal, Self
from uuid import UUID

from pydantic import BaseModel, Field

from app.rewards.lottery import Draw, Entrant
from app.rewards.queue import TicketView
from app.rewards.queue_tables import TicketState

_ID = "01990a3c-7d21-7cc0-9a51-0f2e6b1d4c55"
_AT = "2026-03-01T04:00:00Z"
_HEX = "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"

State = Literal["waiting", "granted", "lost", "left", "withdrawn"]
_STATES: dict[TicketState, State] = {
    TicketState.waiting: "waiting",
    TicketState.granted: "granted",
    TicketState.lost: "lost",
    TicketState.left: "left",
    TicketState.withdrawn: "withdrawn",
}


class TicketTaken(BaseModel):
    """Your ticket; a retry is answered with the very same."""

    ticket_id: UUID = Field(
        description="Your pseudonym in the draw; when it is granted, the redemption's id.",
        examples=[_ID],
    )
    offer_id: UUID = Field(description="For which offer.", examples=[_ID])


class TicketRead(BaseModel):
    """A ticket as it stands."""

    ticket_id: UUID = Field(description="Your pseudonym in the draw.", examples=[_ID])
    offer_id: UUID = Field(description="For which offer.", examples=[_ID])
    state: State = Field(
        description="`granted`: see your redemptions; `lost`, `left` and `withdrawn` (the offer was"
        " taken back): the points are back.",
        examples=["waiting"],
    )
    points: int = Field(description="Whole points on hold while it waits.", examples=[100])
    unit: str = Field(description="Of which points.", examples=["points"])
    place: int | None = Field(description="Your place; null before it is given.", examples=[42])
    ahead: int | None = Field(
        description="How many are before you, about; null unless you wait in a line.",
        examples=[7],
    )
    arrived_at: datetime = Field(description="When you came (UTC).", examples=[_AT])
    resolved_at: datetime | None = Field(description="When it was closed (UTC).", examples=[None])

    @classmethod
    def of(cls, ticket: TicketView) -> Self:
        """The owner's view."""
        return cls(
            ticket_id=ticket.id,
            offer_id=ticket.offer_id,
            state=_STATES[ticket.state],
            points=ticket.points,
            unit=ticket.unit,
            place=ticket.place,
            ahead=ticket.ahead,
            arrived_at=ticket.arrived_at,
            resolved_at=ticket.resolved_at,
        )


class EntryView(BaseModel):
    """One entry of a draw, under its pseudonym."""

    ticket_id: UUID = Field(description="Whose, by pseudonym.", examples=[_ID])
    place: int = Field(description="The place that the seed gave it, from 1.", examples=[1])
    won: bool = Field(description="Whether the place was among the winners.", examples=[True])


class DrawView(BaseModel):
    """All that is needed to redraw it.

    An entry's rank is SHA-256 of the seed's bytes followed by the 16 bytes of its `ticket_id`;
    entries are sorted by rank, and the first `winners` win.
    """

    offer_id: UUID = Field(description="Which offer.", examples=[_ID])
    seed_hash: str = Field(
        description="SHA-256 of the seed, hex, public from the start.", examples=[_HEX]
    )
    draws_at: datetime | None = Field(description="When registration ends (UTC).", examples=[_AT])
    drawn_at: datetime | None = Field(
        description="When it was drawn; null before.", examples=[None]
    )
    seed: str | None = Field(description="The seed, hex; null before the draw.", examples=[None])
    winners: int | None = Field(description="How many won; null before the draw.", examples=[None])
    entries: list[EntryView] = Field(description="By place; empty before the draw.")
    next_cursor: str | None = Field(description="Null on the last page.", examples=[None])

    @classmethod
    def of(cls, draw: Draw, entrants: list[Entrant], *, next_cursor: str | None) -> Self:
        """What everybody may see."""
        return cls(
            offer_id=draw.offer_id,
            seed_hash=draw.seed_hash.hex(),
            draws_at=draw.draws_at,
            drawn_at=draw.drawn_at,
            seed=None if draw.seed is None else draw.seed.hex(),
            winners=draw.winners,
            entries=[
                EntryView(
                    ticket_id=each.ticket_id,
                    place=each.place,
                    won=draw.winners is not None and each.place <= draw.winners,
                )
                for each in entrants
            ],
            next_cursor=next_cursor,
        )
