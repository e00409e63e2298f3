"""What everybody is told about providers."""

from pydantic import BaseModel, Field


class PublicProvider(BaseModel):
    """A company whose records are taken."""

    provider: str = Field(description="Its code: link with it.", examples=["zhenjiang-bike"])
    name: str = Field(description="Its name, in the reader's language.", examples=["镇江共享单车"])
    name_zh: str = Field(description="Its Chinese name.", examples=["镇江共享单车"])
    name_en: str = Field(description="Its English name.", examples=["Zhenjiang Bike Share"])
    scenarios: list[str] = Field(
        description="What citizens usually agree to, the most usual first; empty: nobody has yet.",
        examples=[["bike_ride"]],
    )


class ProviderList(BaseModel):
    """Every provider whose records are taken."""

    items: list[PublicProvider] = Field(description="By name.")
