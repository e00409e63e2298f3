"""Read: a citizen's carbon account, over the whole life, by scenario and by month."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date

from app.catalogue.versions import Versions
from app.phone.equivalents import PICTURES
from app.phone.schemas import AccountView, EquivalentView, MonthSum, ScenarioSum
from app.reductions.account import MonthOfVersion

MONTHS = 12


def of_sums(
    sums: Sequence[MonthOfVersion], *, versions: Versions, today: date, english: bool
) -> AccountView:
    """The account that these sums make. Pure.

    Args:
        sums: a citizen's acts, by version and month.
        versions: for the names of scenarios.
        today: the civil day; its month is the last one shown.
        english: the reader's language.

    """
    by_scenario: defaultdict[str, list[MonthOfVersion]] = defaultdict(list)
    by_month: defaultdict[date, list[MonthOfVersion]] = defaultdict(list)
    title = {}
    for each in sums:
        manifest = versions.by_id[each.version_id].methodology.manifest
        title[manifest.id] = manifest.title["en" if english else "zh"]
        by_scenario[manifest.id].append(each)
        by_month[each.month].append(each)
    scenarios = [
        ScenarioSum(
            scenario=name,
            title=title[name],
            acts=sum(each.acts for each in parts),
            grams_g=sum(each.grams for each in parts),
            points=sum(each.points for each in parts),
        )
        for name, parts in by_scenario.items()
    ]
    grams = sum(each.grams for each in sums)
    return AccountView(
        since=min((each.first_on for each in sums), default=None),
        acts=sum(each.acts for each in sums),
        grams_g=grams,
        points=sum(each.points for each in sums),
        by_scenario=sorted(scenarios, key=lambda each: (-each.grams_g, each.scenario)),
        by_month=[_month(first, by_month[first]) for first in months_until(today)],
        equivalents=[
            EquivalentView(
                name=each.name,
                amount=each.amount(grams),
                text=each.text(grams, english=english),
                grams_per_unit=each.grams_per_unit,
                source=each.source,
                grade=each.grade,
            )
            for each in PICTURES
        ],
    )


def months_until(today: date) -> list[date]:
    """The first days of the last twelve months, the oldest first."""
    last = today.year * 12 + today.month - 1
    return [date(n // 12, n % 12 + 1, 1) for n in range(last - MONTHS + 1, last + 1)]


def _month(first: date, parts: Sequence[MonthOfVersion]) -> MonthSum:
    return MonthSum(
        month=first.isoformat()[:7],
        acts=sum(each.acts for each in parts),
        grams_g=sum(each.grams for each in parts),
        points=sum(each.points for each in parts),
    )
