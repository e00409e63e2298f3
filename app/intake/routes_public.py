"""For everybody: whose records are taken, so that a citizen can link a card."""

from fastapi import APIRouter, Request, Response

from app.database import ReadTx
from app.intake.admitted import admitted
from app.intake.schemas_public import ProviderList, PublicProvider
from app.people.usual import usual_scenarios
from app.problems import in_english

router = APIRouter(tags=["catalogue"])


@router.get("/providers")
async def list_providers(request: Request, response: Response, tx: ReadTx) -> ProviderList:
    """Every provider whose records are taken, and what citizens usually agree to with it."""
    english, usual = in_english(request), await usual_scenarios(tx)
    response.headers["Cache-Control"] = "public, max-age=60"
    response.headers["Vary"] = "Accept-Language"
    return ProviderList(
        items=[
            PublicProvider(
                provider=each.code,
                name=each.name_en if english else each.name_zh,
                name_zh=each.name_zh,
                name_en=each.name_en,
                scenarios=usual.get(each.id, []),
            )
            for each in await admitted(tx)
        ]
    )
