"""Use cases: record what is shipped, and set the programme up.

Registering twice changes nothing. Officers upload and activate versions elsewhere; here only
what came with the code is written down. Of a methodology that nobody knew, the newest shipped
version is in force from a given day; any other is there to be tried and approved.
"""

from collections.abc import Mapping
from datetime import date, datetime

from app.catalogue.errors import VersionChanged
from app.database import Tx
from app.ids import new_id
from methodologies import registry
from methodologies.documents import Document
from methodologies.packs import Pack


async def register_shipped(tx: Tx, *, active_from: date, now: datetime) -> int:
    """Write every shipped methodology and pack down; returns how many versions are known.

    Raises:
        VersionChanged: a version was registered before with other content.

    """
    for methodology in reversed(registry.shipped()):  # sorted: the newest of each comes first
        manifest = methodology.manifest
        is_document = isinstance(methodology, Document)
        await tx.execute(
            _VERSION,
            {
                "methodology": manifest.id,
                "version": manifest.version,
                "hash": manifest.content_hash,
                "body": manifest.canonical_json
                if is_document
                else f"plugin:{manifest.content_hash}",
                "active_from": active_from,
                "transition": new_id(),
                "now": now,
            },
        )
        row = await (await tx.execute(_HASH, (manifest.id, manifest.version))).fetchone()
        if row is None or row[0] != manifest.content_hash:
            raise VersionChanged(
                f"{manifest.id}@{manifest.version} was registered with other content; "
                "give the changed document a new version.",
                f"{manifest.id}@{manifest.version} 已登记且内容不同,请使用新版本号。",
            )
    for pack in registry.packs().values():
        await register_pack(tx, pack=pack, now=now)
    count = await (await tx.execute("SELECT count(*) FROM methodology_version")).fetchone()
    assert count is not None
    known: int = count[0]
    return known


async def register_pack(tx: Tx, *, pack: Pack, now: datetime) -> int:
    """Keep a pack as it stands, and return the number of its factor set."""
    await tx.execute(_PACK, (pack.id, pack.content_hash, pack.canonical_json, now))
    row = await (
        await tx.execute("SELECT id FROM factor_set WHERE content_hash = %s", (pack.content_hash,))
    ).fetchone()
    assert row is not None
    number: int = row[0]
    return number


async def set_up(
    tx: Tx,
    *,
    city_code: str,
    name_zh: str,
    name_en: str,
    zone: str,
    pack: str,
    points_life_months: int,
    points_per_kg: Mapping[str, int],
    tariff_from: date,
    now: datetime,
) -> None:
    """Set the programme up, or leave it as it is when there is one.

    Args:
        city_code: NBS division code of the city.
        zone: IANA zone of the programme's civil days.
        pack: the shipped pack whose factors count.
        points_life_months: whole months before points expire at a quarter's end.
        points_per_kg: per methodology, whole points for a kilogram of CO2e.
        tariff_from: first day of that tariff.

    """
    factor_set_id = await register_pack(tx, pack=registry.packs()[pack], now=now)
    await tx.execute(
        _PROGRAMME, (city_code, name_zh, name_en, zone, factor_set_id, points_life_months)
    )
    for methodology, rate in points_per_kg.items():
        await tx.execute(_TARIFF, (methodology, tariff_from, rate))


_VERSION = """
WITH made AS (
  INSERT INTO methodology_version (id, methodology, version, content_hash, body, active_from,
                                   registered_at, state, author)
  SELECT nextval('version_number'), %(methodology)s::text, %(version)s::text, %(hash)s, %(body)s,
         CASE WHEN known.id IS NULL THEN %(active_from)s::date END, %(now)s,
         CASE WHEN known.id IS NULL THEN 'active' ELSE 'checked' END, 'process:register'
    FROM (VALUES (1)) AS one (n)
    LEFT JOIN LATERAL (SELECT id FROM methodology_version
                        WHERE methodology = %(methodology)s::text LIMIT 1) AS known ON true
   WHERE NOT EXISTS (SELECT FROM methodology_version
                      WHERE methodology = %(methodology)s::text AND version = %(version)s::text)
  ON CONFLICT DO NOTHING RETURNING id, state)
INSERT INTO methodology_transition (id, version_id, from_state, to_state, actor, reason, at)
SELECT %(transition)s, id, 'draft', state, 'process:register', 'shipped', %(now)s FROM made
"""
_HASH = "SELECT content_hash FROM methodology_version WHERE methodology = %s AND version = %s"
_PACK = """
INSERT INTO factor_set (id, pack, content_hash, body, registered_at)
SELECT nextval('factor_set_number'), %s, %s, %s, %s ON CONFLICT DO NOTHING
"""
_PROGRAMME = """
INSERT INTO programme (id, city_code, name_zh, name_en, zone, factor_set_id, points_life_months)
VALUES (1, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING
"""
_TARIFF = """
INSERT INTO tariff (methodology, valid_from, points_per_kg) VALUES (%s, %s, %s)
ON CONFLICT DO NOTHING
"""
