"""Profiles and households; claims count households as they are, on the programme's own day.

`programme_zone()` names the zone of the programme's civil days; it is one row that everybody reads.
`redeem_hold` and `count_uses` come with one argument more: the members of the citizen's household,
whose earlier claims without it count against the household's limit too.

Locks: citizen for the moment of adding columns without a rewrite.
Old code: goes on; it calls the functions with their former arguments, which stay until a later
  migration drops them, and knows no households.

Revision ID: 2026_11_21_1450
Revises: 2026_11_21_1440
"""

from alembic import op

revision = "2026_11_21_1450"
down_revision = "2026_11_21_1440"


def upgrade() -> None:
    """Widen the citizen, create households, then the functions, then say who may do what."""
    for statements in (_PEOPLE, _ZONE, _USES, _HOLD, _RIGHTS):
        op.execute(statements)


def downgrade() -> None:
    """Lossy: birth years, languages and households go."""
    op.execute(_GONE)


_PEOPLE = """
ALTER TABLE citizen
  ADD COLUMN birth_year SMALLINT,
  ADD COLUMN language VARCHAR(5) NOT NULL DEFAULT 'zh-CN',
  ADD COLUMN moved_at timestamptz,
  ADD CONSTRAINT citizen_born CHECK (birth_year BETWEEN 1900 AND 2200),
  ADD CONSTRAINT citizen_language CHECK (language IN ('zh-CN', 'en'));
CREATE TABLE household (
  id BIGINT NOT NULL,
  members SMALLINT NOT NULL,
  code_digest BYTEA,
  code_until timestamptz,
  opened_at timestamptz NOT NULL,
  PRIMARY KEY (id),
  CONSTRAINT household_size CHECK (members BETWEEN 0 AND 8),
  CONSTRAINT household_number CHECK (id >= 4611686018427387904),
  CONSTRAINT household_code_whole CHECK ((code_digest IS NULL) = (code_until IS NULL))
);
CREATE UNIQUE INDEX household_code ON household (code_digest) WHERE code_digest IS NOT NULL;
CREATE TABLE household_member (
  account_id BIGINT NOT NULL,
  joined_at timestamptz NOT NULL,
  household_id BIGINT NOT NULL,
  left_at timestamptz,
  PRIMARY KEY (account_id, joined_at),
  CONSTRAINT household_member_order CHECK (left_at > joined_at)
);
CREATE UNIQUE INDEX household_member_one ON household_member (account_id) WHERE left_at IS NULL;
CREATE INDEX household_member_home ON household_member (household_id) WHERE left_at IS NULL;
"""

# A programme that has not been founded has the default zone of the design.
_ZONE = """
CREATE FUNCTION programme_zone() RETURNS text LANGUAGE sql STABLE AS $$
  SELECT coalesce((SELECT zone FROM programme WHERE id = 1), 'Asia/Shanghai')
$$;
"""

# Whoever claims without a household counts for themself. When they have joined one, what they, and
# the others of it, claimed alone in this period is part of what the household may have.
_USES = """
CREATE FUNCTION count_uses(p_offer uuid, p_per_citizen int, p_limits jsonb, p_account bigint,
  p_household bigint, p_device bigint, p_day date, p_members bigint[]) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  k record;
  v_alone int;
BEGIN
  FOR k IN SELECT * FROM use_keys(p_per_citizen, p_limits, p_account, p_household, p_device, p_day)
  LOOP
    v_alone := 0;
    IF k.kind / 10 = 2 AND p_household IS NOT NULL THEN
      SELECT coalesce(sum(u.used), 0) INTO v_alone
        FROM unnest(p_members) AS m (subject)
        JOIN offer_use u ON u.bucket = (m.subject % 1024)::smallint AND u.subject = m.subject
                        AND u.offer_id = p_offer AND u.kind = k.kind AND u.period = k.period;
    END IF;
    INSERT INTO offer_use AS u (bucket, subject, offer_id, kind, period, used)
    VALUES ((k.subject % 1024)::smallint, k.subject, p_offer, k.kind, k.period, 1)
    ON CONFLICT (bucket, subject, offer_id, kind, period) DO UPDATE SET used = u.used + 1
      WHERE u.used < k.units - v_alone;
    IF NOT FOUND OR v_alone >= k.units THEN
      RAISE EXCEPTION 'limit reached' USING ERRCODE = 'PT429',
        DETAIL = jsonb_build_object('kind', k.kind, 'units', k.units);
    END IF;
  END LOOP;
END $$;
"""

# As before, but for the zone, the members, and the code of the unit that it is priced in.
_HOLD = """
CREATE FUNCTION redeem_hold(p_account bigint, p_key text, p_fingerprint bytea, p_id uuid,
  p_digest bytea, p_offer uuid, p_household bigint, p_device bigint, p_pool text,
  p_ticket boolean, p_now timestamptz, p_members bigint[]) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
  v_bucket smallint := (p_account % 1024)::smallint;
  v_known bytea;
  v_slot smallint;
  v_until timestamptz;
  v_out jsonb;
  v_unit text := 'points';
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
  END IF;
  IF o.unit <> 1 THEN
    SELECT code INTO v_unit FROM unit WHERE id = o.unit;
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
  PERFORM count_uses(o.id, o.per_citizen, o.limits, p_account, p_household, p_device,
                     (p_now AT TIME ZONE programme_zone())::date, p_members);
  IF p_ticket THEN
    INSERT INTO ticket (bucket, account_id, offer_id, id, unit, points, coupon_digest, household,
                        device, state, arrived_at)
    VALUES (v_bucket, p_account, o.id, p_id, o.unit, o.points, p_digest, p_household, p_device, 1,
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
            p_digest, 1, p_now, v_until, v_slot, p_household, p_device,
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

_RIGHTS = """
REVOKE ALL ON FUNCTION programme_zone(),
  count_uses(uuid, int, jsonb, bigint, bigint, bigint, date, bigint[]),
  redeem_hold(bigint, text, bytea, uuid, bytea, uuid, bigint, bigint, text, boolean, timestamptz,
    bigint[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION programme_zone() TO puhui_app, puhui_worker, puhui_reader, puhui_caller;
GRANT EXECUTE ON FUNCTION count_uses(uuid, int, jsonb, bigint, bigint, bigint, date, bigint[])
  TO puhui_app, puhui_worker;
GRANT EXECUTE ON FUNCTION redeem_hold(bigint, text, bytea, uuid, bytea, uuid, bigint, bigint, text,
  boolean, timestamptz, bigint[]) TO puhui_app;
GRANT SELECT, INSERT, UPDATE (members, code_digest, code_until) ON household TO puhui_app;
GRANT SELECT, INSERT, UPDATE (left_at) ON household_member TO puhui_app;
SELECT show_own_rows('citizen');
"""

_GONE = """
DROP POLICY own_rows ON citizen;
DROP POLICY served ON citizen;
ALTER TABLE citizen DISABLE ROW LEVEL SECURITY;
REVOKE ALL ON citizen FROM puhui_caller;
DROP FUNCTION redeem_hold(bigint, text, bytea, uuid, bytea, uuid, bigint, bigint, text, boolean,
  timestamptz, bigint[]);
DROP FUNCTION count_uses(uuid, int, jsonb, bigint, bigint, bigint, date, bigint[]);
DROP FUNCTION programme_zone();
DROP TABLE household_member, household;
ALTER TABLE citizen DROP CONSTRAINT citizen_born, DROP CONSTRAINT citizen_language,
  DROP COLUMN birth_year, DROP COLUMN language, DROP COLUMN moved_at;
"""
