"""Residents of a synthetic city and what they do in a day: two rides, a metro trip, a charge.

Residents are made in a few statements, as linking would leave them; their acts differ in
distance and minute, and never overlap.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

from app.ids import account_number
from app.people.subjects import digest_of
from loadtests.citizens import PROVIDER
from loadtests.stage import Stage

SCENARIOS = {"bike_ride": 100, "transit_rail": 100, "ev_charge": 20}
FIRST = 1_000_000
"""The first resident's place in the sequence of accounts, far from those made by hand."""


def card(who: int) -> str:
    """The number on a resident's card."""
    return f"31047700{who:08d}"


def people(place: Stage, residents: int) -> int:
    """Make residents with linked cards and consents; returns how many."""
    now = datetime.now(UTC)
    with psycopg.connect(place.url) as connection:
        row = connection.execute("SELECT id FROM provider WHERE code = %s", (PROVIDER,)).fetchone()
        assert row is not None, "the stage admits a provider"
        accounts = [account_number(FIRST + who) for who in range(residents)]
        subjects = [
            digest_of(place.keys.subject, provider_id=row[0], subject=card(who))
            for who in range(residents)
        ]
        arguments = {
            "accounts": accounts,
            "subjects": subjects,
            "provider": row[0],
            "scenarios": list(SCENARIOS),
            "rates": list(SCENARIOS.values()),
            "from": now - timedelta(days=30),
            "now": now,
        }
        for each in _MAKE:
            connection.execute(each, arguments)
    with psycopg.connect(place.url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
    return residents


def act(midnight: datetime, turn: int, who: int) -> dict[str, Any]:
    """One act of a resident's day: the ``turn``-th of four."""
    methodology, hour, minutes, data = (
        ("bike_ride", 7, 12, {"distance_km": f"{1 + who % 2_000 / 1000:.3f}"}),
        (
            "transit_rail",
            8,
            25,
            {
                "entry_station": f"S{who % 60}",
                "exit_station": f"T{who % 61}",
                "distance_km": f"{5 + who % 9_000 / 1000:.3f}",
            },
        ),
        ("bike_ride", 17, 12, {"distance_km": f"{1 + who % 1_999 / 1000:.3f}"}),
        (
            "ev_charge",
            20,
            60,
            {"energy_kwh": f"{8 + who % 2_200 / 100:.2f}", "grid_region": "CN-JS"},
        ),
    )[turn]
    start = midnight + timedelta(hours=hour, seconds=who % 3_600)
    times = {
        "started_at": start.isoformat(),
        "ended_at": (start + timedelta(minutes=minutes)).isoformat(),
    }
    return {
        "ref": f"{midnight:%y%m%d}{turn}{who:08d}",
        "subject": card(who),
        "methodology": methodology,
        "data": times | data,
    }


_MAKE = (
    """
INSERT INTO tariff (methodology, valid_from, points_per_kg)
SELECT m, '2021-01-01', rate FROM (SELECT unnest(%(scenarios)s::text[]) AS m,
                                          unnest(%(rates)s::int[]) AS rate) AS t
ON CONFLICT DO NOTHING
""",
    """
INSERT INTO link (provider_id, subject, account_id, valid_from)
SELECT %(provider)s, subject, account, %(from)s
  FROM unnest(%(subjects)s::uuid[], %(accounts)s::bigint[]) AS t (subject, account)
""",
    """
INSERT INTO consent (bucket, account_id, provider_id, scenario, given_at, notice_version)
SELECT (account %% 1024)::smallint, account, %(provider)s, scenario, %(from)s, 1
  FROM unnest(%(accounts)s::bigint[]) AS a (account), unnest(%(scenarios)s::text[]) AS s (scenario)
""",
)
