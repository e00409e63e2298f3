"""What the public sees of the catalogue."""

from datetime import date
from typing import Literal, Self

from pydantic import BaseModel, Field

from app.catalogue.versions import Version
from methodologies.contract import Factor
from methodologies.packs import Pack


class MethodologyView(BaseModel):
    """One registered version."""

    methodology: str = Field(description="Its permanent id.", examples=["bike_ride"])
    version: str = Field(description="Version of our implementation.", examples=["1.0.0"])
    title_zh: str = Field(description="Title in Chinese.", examples=["骑行"])
    title_en: str = Field(description="Title in English.", examples=["Shared-bicycle ride"])
    content_hash: str = Field(description="SHA-256 of the canonical document.")
    state: Literal["scheduled", "active", "superseded", "suspended", "withdrawn"] = Field(
        description="scheduled: its first day is to come; suspended: its acts are held; "
        "withdrawn: it credits nothing more.",
        examples=["active"],
    )
    active_from: date = Field(description="First civil day of the acts it judges.")
    active_until: date | None = Field(description="First day after, or null.")

    @classmethod
    def of(cls, version: Version, today: date) -> Self:
        """The public face of a version that has, had or will have force."""
        manifest = version.methodology.manifest
        assert version.active_from is not None, "only versions with days are public"
        return cls(
            methodology=manifest.id,
            version=manifest.version,
            title_zh=manifest.title["zh"],
            title_en=manifest.title["en"],
            content_hash=manifest.content_hash,
            state=version.state_on(today).value,  # type: ignore[arg-type]  # `public` versions only
            active_from=version.active_from,
            active_until=version.active_until,
        )


class MethodologyList(BaseModel):
    """Every registered version."""

    items: list[MethodologyView] = Field(description="By id, newest version first.")


class FactorView(BaseModel):
    """One emission factor with its source."""

    name: str = Field(description="The name documents use.", examples=["rail_net_kg_per_pkm"])
    value: str = Field(description="Exact decimal, as text.", examples=["0.0467"])
    unit: str = Field(description="Its unit.", examples=["kgCO2e/p.km"])
    region: str = Field(description="Where it holds.", examples=["CN"])
    valid_from: date = Field(description="First day.")
    valid_to: date | None = Field(description="First day after, or null.")
    issuer: str = Field(description="Who published it.")
    document: str = Field(description="Where it stands.")
    grade: str = Field(description="P primary, R reported, T third party, D derived.")
    pack: str = Field(description="Pack and version.", examples=["CN@1.0.0"])
    gas_basis: str = Field(description="CO2 or CO2e; never mixed.", examples=["CO2"])
    counts_here: bool = Field(description="Whether it is of the programme's own pack.")
    enabled: bool = Field(description="Whether its pack may be used for credit at all.")
    checked_by: str = Field(description="Who compared it with the source.")
    review_by: str = Field(description="When it should be looked at again.")

    @classmethod
    def of(cls, factor: Factor, pack: Pack, *, counts_here: bool) -> Self:
        """The public face of a factor, with its pack and the review of its source."""
        found = [
            review for name, review in pack.review.items() if name.partition(" ")[0] == factor.name
        ]
        review = found[0] if found else {}
        return cls(
            gas_basis=factor.gas_basis,
            counts_here=counts_here,
            enabled=pack.enabled,
            checked_by=review.get("checked_by", ""),
            review_by=review.get("review_by", ""),
            name=factor.name,
            value=format(factor.value, "f"),
            unit=factor.unit,
            region=factor.region,
            valid_from=factor.valid_from,
            valid_to=factor.valid_to,
            issuer=factor.issuer,
            document=factor.document,
            grade=factor.grade,
            pack=factor.pack,
        )


class FactorList(BaseModel):
    """Every factor that is known, whichever pack it is in."""

    items: list[FactorView] = Field(description="By pack, name, region and date.")
