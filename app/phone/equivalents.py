"""Grams in pictures: what a phone shows beside the number. Data with its sources, and one sum.

A picture is never a claim of its own: it is rounded down to a tenth, and says where its factor is
from and how well that is known (P primary text read, R reported, T transcribed, D derived).
"""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Picture:
    """One equivalent: ``grams_per_unit`` for one of what the sentences count."""

    name: str
    grams_per_unit: int
    zh: str
    en: str
    source: str
    grade: Literal["P", "R", "T", "D"]

    def amount(self, grams: int) -> str:
        """How many, rounded down to a tenth."""
        whole, tenths = divmod(grams * 10 // self.grams_per_unit, 10)
        return f"{whole}.{tenths}"

    def text(self, grams: int, *, english: bool) -> str:
        """The sentence."""
        return (self.en if english else self.zh).format(self.amount(grams))


PICTURES = (
    Picture(
        "car_km",
        249,
        "相当于燃油小汽车少行驶 {} 公里",
        "As much as a petrol car emits over {} km",
        "US EPA, Greenhouse Gas Emissions from a Typical Passenger Vehicle: 400 g a mile",
        "R",
    ),
    Picture(
        "tree_years",
        6_000,
        "相当于 {} 棵树生长一年的吸收量",
        "As much as {} trees take up in a year",
        "US EPA, Greenhouse Gas Equivalencies Calculator: 60 kg a seedling in ten years",
        "R",
    ),
    Picture(
        "grid_kwh",
        531,
        "相当于节约 {} 千瓦时电网电量",
        "As much as {} kWh from the grid",
        "生态环境部、国家统计局, 电力平均二氧化碳排放因子, data year 2023: 0.5306 kg/kWh",
        "P",
    ),
)
