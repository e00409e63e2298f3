"""What officers correct in a citizen's profile."""

from uuid import UUID

from fastapi import APIRouter

from app.clock import Now
from app.database import WriteTx
from app.people.errors import BirthYearUnsound, CitizenNotFound, NotSignedIn, WrongAudience
from app.people.guards import CurrentOfficer, Documented
from app.people.profile import correct_birth_year
from app.people.schemas import BirthYearOut, SeenBirthYearIn
from app.problems import document

router = APIRouter(prefix="/admin/citizens", tags=["people"], dependencies=[Documented])


@router.put(
    "/{citizen_id}/birth-year",
    responses=document(NotSignedIn, WrongAudience, CitizenNotFound, BirthYearUnsound),
)
async def set_birth_year(
    citizen_id: UUID, body: SeenBirthYearIn, officer: CurrentOfficer, tx: WriteTx, now: Now
) -> BirthYearOut:
    """Correct a year of birth after looking at a document; the reason is kept."""
    found = await correct_birth_year(
        tx,
        citizen_id=citizen_id,
        birth_year=body.birth_year,
        officer_id=officer.id,
        reason=body.reason,
        now=now,
    )
    return BirthYearOut(citizen_id=found.id, birth_year=found.birth_year)
