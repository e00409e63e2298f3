"""Who lives together is read inside the claim, under locks that joining and leaving wait for.

`redeem_hold` used to be told the citizen's household and its members, as they were read before: of
somebody who moved in between, the household could have one unit more than its limit. It now asks
`living_together`, if the offer counts households at all, and comes without those two arguments.

Whoever asks for a second ticket hears that they have one, not that a limit is reached.
What nothing calls any more goes: the functions of before 1450.

Locks: none.
Old code: goes on, and is right at once: it calls `redeem_hold` with its former arguments, which
  stays, as a sentence that calls the new one, until a later migration drops it.

Revision ID: 2026_11_21_1530
Revises: 2026_11_21_1520
"""

import runpy
from pathlib import Path

from alembic import op

revision = "2026_11_21_1530"
down_revision = "2026_11_21_1520"


def upgrade() -> None:
    """Drop what is not called, make the new functions, then say who may call them."""
    for statements in (_UNCALLED, _TOGETHER, _HOLD, _FORMER, _RIGHTS):
        op.execute(statements)


def downgrade() -> None:
    """Lossless: the functions of before, in the words of the migrations that made them."""
    op.execute(_GONE)
    former = _released("2026_11_21_1450_households")
    op.execute(former["_HOLD"].replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION", 1))
    op.execute(_released("2026_11_21_1410_offers")["_HOLD"])
    op.execute(_COUNT)
    op.execute(_RIGHTS_BEFORE)


def _released(name: str) -> dict[str, str]:
    return runpy.run_path(str(Path(__file__).with_name(f"{name}.py")))


_UNCALLED = """
DROP FUNCTION redeem_hold(bigint, text, bytea, uuid, bytea, uuid, bigint, bigint, text, boolean,
  timestamptz);
DROP FUNCTION count_uses(uuid, int, jsonb, bigint, bigint, bigint, date);
"""

# Whoever joins or leaves holds their own row of `citizen` FOR UPDATE and changes the household's:
# here both are held until the claim is committed. Each is locked by a statement of its own, so the
# next one sees whatever the lock waited for. Nobody waits for a citizen's row but the citizen's
# own comings, goings and claims, and these have nothing yet that anybody else waits for.
_TOGETHER = """
CREATE FUNCTION living_together(p_account bigint, p_left_after timestamptz,
  OUT household bigint, OUT members bigint[]) LANGUAGE plpgsql AS $$
BEGIN
  members := '{}';
  PERFORM FROM citizen c WHERE c.account_id = p_account FOR KEY SHARE;
  SELECT last.household_id INTO household
    FROM (SELECT m.household_id, m.left_at FROM household_member m
           WHERE m.account_id = p_account ORDER BY m.joined_at DESC LIMIT 1) AS last
   WHERE last.left_at IS NULL OR last.left_at > p_left_after;
  IF FOUND THEN
    PERFORM FROM household h WHERE h.id = household FOR SHARE;
    members := ARRAY(SELECT m.account_id FROM household_member m
                      WHERE m.household_id = household AND m.left_at IS NULL
                     UNION SELECT p_account);
  END IF;
END $$;
"""

# As before, but for whom a household's limit counts together: that is found out here. And whoever
# has a ticket is told so, before a limit or the points are looked at.
_HOLD = """
CREATE FUNCTION redeem_hold(p_account bigint, p_key text, p_fingerprint bytea, p_id uuid,
  p_digest bytea, p_offer uuid, p_device bigint, p_pool text, p_ticket boolean,
  p_now timestamptz, p_left_after timestamptz) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
  v_bucket smallint := (p_account % 1024)::smallint;
  v_known bytea;
  v_slot smallint;
  v_until timestamptz;
  v_out jsonb;
  v_unit text := 'points';
  v_household bigint;
  v_members bigint[] := '{}';
  o offer%ROWTYPE;
  f record;
BEGIN
  IF p_key IS NOT NULL THEN
    INSERT INTO request (bucket, account_id, key, fingerprint, created_at)
    VALUES (v_bucket, p_account, p_key, p_fingerprint, p_now) ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
      SELECT fingerprint, response INTO v_known, v_out FROM request
       WHERE bucket = v_bucket AND account_id = p_account AND key = p_key;
      IF v_known <> p_fingerprint THEN
        RAISE EXCEPTION 'key reused' USING ERRCODE = 'PT422';
      END IF;
      RETURN v_out;
    END IF;
  END IF;
  SELECT * INTO o FROM offer WHERE id = p_offer;
  IF NOT FOUND OR o.state <> 2 OR o.closes_at <= p_now
     OR (o.mode = 3 AND o.draws_at <= p_now) THEN
    RAISE EXCEPTION 'no such offer' USING ERRCODE = 'PT404';
  ELSIF o.opens_at > p_now THEN
    RAISE EXCEPTION 'not yet open' USING ERRCODE = 'PT425',
      DETAIL = jsonb_build_object('opens_at', extract(epoch FROM o.opens_at)::bigint);
  ELSIF NOT EXISTS (SELECT FROM merchant WHERE id = o.merchant_id AND state = 'active') THEN
    RAISE EXCEPTION 'merchant suspended' USING ERRCODE = 'PT403';
  ELSIF (o.mode = 1) = p_ticket THEN
    RAISE EXCEPTION 'other mode' USING ERRCODE = 'PT405',
      DETAIL = jsonb_build_object('mode', o.mode);
  ELSIF p_ticket AND EXISTS (SELECT FROM ticket t WHERE t.bucket = v_bucket
                                AND t.account_id = p_account AND t.offer_id = o.id) THEN
    RAISE EXCEPTION 'one ticket each' USING ERRCODE = 'PT409';
  END IF;
  IF o.unit <> 1 THEN
    SELECT code INTO v_unit FROM unit WHERE id = o.unit;
  END IF;
  IF o.limits @> '[{"by": "household"}]' THEN
    SELECT household, members INTO v_household, v_members
      FROM living_together(p_account, p_left_after);
  END IF;
  UPDATE balance SET held = held + o.points
   WHERE bucket = v_bucket AND account_id = p_account AND unit = o.unit
     AND earned - consumed - held >= o.points;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'insufficient points' USING ERRCODE = 'PT402',
      DETAIL = jsonb_build_object('unit', v_unit, 'needed', o.points, 'available', coalesce((
        SELECT earned - consumed - held FROM balance
         WHERE bucket = v_bucket AND account_id = p_account AND unit = o.unit), 0));
  END IF;
  PERFORM count_uses(o.id, o.per_citizen, o.limits, p_account, v_household, p_device,
                     (p_now AT TIME ZONE programme_zone())::date, v_members);
  IF p_ticket THEN
    INSERT INTO ticket (bucket, account_id, offer_id, id, unit, points, coupon_digest, household,
                        device, state, arrived_at)
    VALUES (v_bucket, p_account, o.id, p_id, o.unit, o.points, p_digest, v_household, p_device, 1,
            p_now) ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
      RAISE EXCEPTION 'one ticket each' USING ERRCODE = 'PT409';
    END IF;
  ELSE
    FOR f IN SELECT budget_id, fen FROM offer_funding
              WHERE offer_id = o.id AND budget_id IS NOT NULL AND fen > 0 ORDER BY budget_id LOOP
      IF NOT draw_funding(f.budget_id, f.fen, v_bucket) THEN
        RAISE EXCEPTION 'budget spent' USING ERRCODE = 'PT507';
      END IF;
    END LOOP;
    v_slot := take_unit(o.id, p_pool, v_bucket);
    IF o.delivery = 2 THEN
      PERFORM take_code(o.id, p_id);
    END IF;
    v_until := least(p_now + o.coupon_life_s * interval '1 second', o.usable_until);
    INSERT INTO redemption (bucket, account_id, id, unit, offer_id, merchant_id, contra, points,
                            coupon_digest, state, created_at, held_until, slot, household, device,
                            face_value_fen, rate_version, store_ids)
    VALUES (v_bucket, p_account, p_id, o.unit, o.id, o.merchant_id, o.contra, o.points,
            p_digest, 1, p_now, v_until, v_slot, v_household, p_device,
            o.face_value_fen, o.rate_version, o.store_ids);
  END IF;
  v_out := jsonb_build_object('redemption_id', p_id, 'points', o.points, 'held_until', v_until,
                              'offer_id', o.id, 'unit', v_unit, 'title_zh', o.title_zh,
                              'title_en', o.title_en);
  IF p_key IS NOT NULL THEN
    UPDATE request SET response = v_out
     WHERE bucket = v_bucket AND account_id = p_account AND key = p_key;
  END IF;
  RETURN v_out;
END $$;
"""

_FORMER = """
CREATE OR REPLACE FUNCTION redeem_hold(p_account bigint, p_key text, p_fingerprint bytea,
  p_id uuid, p_digest bytea, p_offer uuid, p_household bigint, p_device bigint, p_pool text,
  p_ticket boolean, p_now timestamptz, p_members bigint[]) RETURNS jsonb
LANGUAGE sql AS $$
  SELECT redeem_hold(p_account, p_key, p_fingerprint, p_id, p_digest, p_offer, p_device, p_pool,
                     p_ticket, p_now, p_now - interval '30 days')
$$;
"""

_RIGHTS = """
REVOKE ALL ON FUNCTION living_together(bigint, timestamptz),
  redeem_hold(bigint, text, bytea, uuid, bytea, uuid, bigint, text, boolean, timestamptz,
    timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION living_together(bigint, timestamptz),
  redeem_hold(bigint, text, bytea, uuid, bytea, uuid, bigint, text, boolean, timestamptz,
    timestamptz) TO puhui_app;
"""

_GONE = """
DROP FUNCTION redeem_hold(bigint, text, bytea, uuid, bytea, uuid, bigint, text, boolean,
  timestamptz, timestamptz);
DROP FUNCTION living_together(bigint, timestamptz);
"""

_COUNT = """
CREATE FUNCTION count_uses(p_offer uuid, p_per_citizen int, p_limits jsonb, p_account bigint,
  p_household bigint, p_device bigint, p_day date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  k record;
BEGIN
  FOR k IN SELECT * FROM use_keys(p_per_citizen, p_limits, p_account, p_household, p_device, p_day)
  LOOP
    INSERT INTO offer_use AS u (bucket, subject, offer_id, kind, period, used)
    VALUES ((k.subject % 1024)::smallint, k.subject, p_offer, k.kind, k.period, 1)
    ON CONFLICT (bucket, subject, offer_id, kind, period) DO UPDATE SET used = u.used + 1
      WHERE u.used < k.units;
    IF NOT FOUND THEN
      RAISE EXCEPTION 'limit reached' USING ERRCODE = 'PT429',
        DETAIL = jsonb_build_object('kind', k.kind, 'units', k.units);
    END IF;
  END LOOP;
END $$;
"""

_RIGHTS_BEFORE = """
REVOKE ALL ON FUNCTION count_uses(uuid, int, jsonb, bigint, bigint, bigint, date),
  redeem_hold(bigint, text, bytea, uuid, bytea, uuid, bigint, bigint, text, boolean, timestamptz)
  FROM PUBLIC;
GRANT EXECUTE ON FUNCTION count_uses(uuid, int, jsonb, bigint, bigint, bigint, date)
  TO puhui_app, puhui_worker;
GRANT EXECUTE ON FUNCTION redeem_hold(bigint, text, bytea, uuid, bytea, uuid, bigint, bigint, text,
  boolean, timestamptz) TO puhui_app;
"""
