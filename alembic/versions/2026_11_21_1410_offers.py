"""Offers of every kind: slots of stock, limits, funding, tickets, codes; a claim in one call.

Locks: offer, offer_stock, offer_use, redemption and request for the time of adding columns with
  constant defaults; the keys of offer_stock and offer_use are built anew (small tables).
Old code: drafts and publishes, but its claims and cancels fail on the renamed `offer_use.subject`
  until it is replaced; nothing is booked wrongly meanwhile.

Revision ID: 2026_11_21_1410
Revises: 2026_11_21_1400
"""

from alembic import op

revision = "2026_11_21_1410"
down_revision = "2026_11_21_1400"


def upgrade() -> None:
    """Widen what is there, create the rest, then the functions, then say who may do what."""
    for statements in (_OFFER, _REDEMPTION, _FUNDING, _TICKETS, _CODES, _PARTS, _HOLD, _GRANT):
        op.execute(statements)
    op.execute(_RIGHTS)


def downgrade() -> None:
    """Lossy: funding, tickets, codes and limits but the citizen's own go; slots become one."""
    op.execute(_GONE)


_OFFER = """
ALTER TABLE offer
  ADD COLUMN kind SMALLINT NOT NULL DEFAULT 3,
  ADD COLUMN unit SMALLINT NOT NULL DEFAULT 1,
  ADD COLUMN mode SMALLINT NOT NULL DEFAULT 1,
  ADD COLUMN delivery SMALLINT NOT NULL DEFAULT 1,
  ADD COLUMN category VARCHAR(20) NOT NULL DEFAULT '',
  ADD COLUMN district_code VARCHAR(6) NOT NULL DEFAULT '',
  ADD COLUMN text_zh VARCHAR(2000) NOT NULL DEFAULT '',
  ADD COLUMN text_en VARCHAR(2000) NOT NULL DEFAULT '',
  ADD COLUMN picture VARCHAR(200) NOT NULL DEFAULT '',
  ADD COLUMN face_value_fen INTEGER NOT NULL DEFAULT 0,
  ADD COLUMN rate_version SMALLINT,
  ADD COLUMN usable_until timestamptz,
  ADD COLUMN coupon_life_s INTEGER NOT NULL DEFAULT 86400,
  ADD COLUMN limits JSONB NOT NULL DEFAULT '[]',
  ADD COLUMN audience JSONB NOT NULL DEFAULT '{}',
  ADD COLUMN store_ids UUID[],
  ADD COLUMN shuffle_s INTEGER NOT NULL DEFAULT 0,
  ADD COLUMN draws_at timestamptz;
UPDATE offer SET usable_until = closes_at;
ALTER TABLE offer
  ALTER COLUMN usable_until SET NOT NULL,
  ADD CONSTRAINT offer_usable CHECK (usable_until >= closes_at),
  ADD CONSTRAINT offer_signs CHECK (face_value_fen >= 0 AND coupon_life_s > 0);
CREATE INDEX offer_newest ON offer (id DESC) WHERE state = 2;
CREATE INDEX offer_cheapest ON offer (points, id) WHERE state = 2;
ALTER TABLE offer_stock
  ADD COLUMN slot SMALLINT NOT NULL DEFAULT 0,
  ADD COLUMN pool VARCHAR(6) NOT NULL DEFAULT '',
  ADD COLUMN open BOOLEAN NOT NULL DEFAULT true,
  DROP CONSTRAINT offer_stock_pkey;
ALTER TABLE offer_stock ADD PRIMARY KEY (offer_id, slot);
ALTER TABLE offer_use RENAME COLUMN account_id TO subject;
ALTER TABLE offer_use
  ADD COLUMN kind SMALLINT NOT NULL DEFAULT 10,
  ADD COLUMN period DATE NOT NULL DEFAULT '1970-01-01',
  DROP CONSTRAINT offer_use_pkey;
ALTER TABLE offer_use ADD PRIMARY KEY (bucket, subject, offer_id, kind, period);
CREATE TABLE offer_withdrawal (
  offer_id UUID NOT NULL,
  actor VARCHAR(80) NOT NULL,
  reason_zh VARCHAR(300) NOT NULL,
  reason_en VARCHAR(300) NOT NULL,
  released INTEGER NOT NULL,
  points BIGINT NOT NULL,
  made_at timestamptz NOT NULL,
  finished_at timestamptz,
  PRIMARY KEY (offer_id)
);
"""

_REDEMPTION = """
ALTER TABLE redemption
  ADD COLUMN slot SMALLINT NOT NULL DEFAULT 0,
  ADD COLUMN household BIGINT,
  ADD COLUMN device BIGINT,
  ADD COLUMN face_value_fen INTEGER NOT NULL DEFAULT 0,
  ADD COLUMN rate_version SMALLINT,
  ADD COLUMN store_ids UUID[],
  ADD COLUMN presented_at timestamptz,
  ADD COLUMN refunded_points BIGINT NOT NULL DEFAULT 0,
  ADD COLUMN settled_on DATE,
  ADD CONSTRAINT redemption_state CHECK (state BETWEEN 1 AND 5),
  ADD CONSTRAINT redemption_refunded CHECK (refunded_points BETWEEN 0 AND points),
  ADD CONSTRAINT redemption_face_value CHECK (face_value_fen >= 0);
CREATE INDEX redemption_offer ON redemption (bucket, offer_id) WHERE state = 1;
"""

_FUNDING = """
CREATE TABLE exchange_rate (
  version SMALLINT NOT NULL,
  points_per_yuan INTEGER NOT NULL,
  valid_from timestamptz NOT NULL,
  set_at timestamptz NOT NULL,
  PRIMARY KEY (version),
  CONSTRAINT exchange_rate_sign CHECK (points_per_yuan > 0)
);
CREATE TABLE funding_budget (
  id UUID NOT NULL,
  kind SMALLINT NOT NULL,
  programme VARCHAR(60) NOT NULL,
  fen BIGINT NOT NULL,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (id),
  CONSTRAINT funding_budget_sign CHECK (fen > 0)
);
CREATE TABLE funding_slot (
  budget_id UUID NOT NULL,
  slot SMALLINT NOT NULL,
  remaining_fen BIGINT NOT NULL,
  PRIMARY KEY (budget_id, slot),
  CONSTRAINT funding_slot_sign CHECK (remaining_fen >= 0)
) WITH (fillfactor = 50);
CREATE TABLE offer_funding (
  offer_id UUID NOT NULL,
  kind SMALLINT NOT NULL,
  thousandths SMALLINT NOT NULL,
  fen INTEGER NOT NULL,
  budget_id UUID,
  PRIMARY KEY (offer_id, kind),
  CONSTRAINT offer_funding_signs CHECK (thousandths BETWEEN 1 AND 1000 AND fen >= 0)
);
"""

_TICKETS = """
CREATE TABLE offer_seed (
  offer_id UUID NOT NULL,
  seed BYTEA NOT NULL,
  seed_hash BYTEA NOT NULL,
  next_place BIGINT NOT NULL,
  winners INTEGER,
  drawn_at timestamptz,
  PRIMARY KEY (offer_id)
);
CREATE TABLE ticket (
  bucket SMALLINT NOT NULL,
  account_id BIGINT NOT NULL,
  offer_id UUID NOT NULL,
  id UUID NOT NULL,
  unit SMALLINT NOT NULL,
  points BIGINT NOT NULL,
  coupon_digest BYTEA NOT NULL,
  household BIGINT,
  device BIGINT,
  place BIGINT,
  state SMALLINT NOT NULL,
  arrived_at timestamptz NOT NULL,
  resolved_at timestamptz,
  PRIMARY KEY (bucket, account_id, offer_id),
  CONSTRAINT ticket_bucket CHECK (bucket = account_id % 1024),
  CONSTRAINT ticket_resolved CHECK ((state = 1) = (resolved_at IS NULL))
);
CREATE INDEX ticket_line ON ticket (offer_id, place) WHERE state = 1;
"""

_CODES = """
CREATE TABLE offer_code (
  offer_id UUID NOT NULL,
  digest BYTEA NOT NULL,
  sealed BYTEA NOT NULL,
  state SMALLINT NOT NULL,
  redemption_id UUID,
  PRIMARY KEY (offer_id, digest),
  CONSTRAINT offer_code_taken CHECK ((state = 2) = (redemption_id IS NOT NULL))
);
CREATE INDEX offer_code_free ON offer_code (offer_id, state) WHERE state < 2;
CREATE UNIQUE INDEX offer_code_redemption ON offer_code (redemption_id)
  WHERE redemption_id IS NOT NULL;
CREATE TABLE code_import (
  id UUID NOT NULL,
  offer_id UUID NOT NULL,
  lines INTEGER NOT NULL,
  done INTEGER NOT NULL,
  taken INTEGER NOT NULL,
  rejected INTEGER NOT NULL,
  made_at timestamptz NOT NULL,
  finished_at timestamptz,
  PRIMARY KEY (id)
);
CREATE INDEX ix_code_import_offer_id ON code_import (offer_id);
CREATE TABLE code_line (
  import_id UUID NOT NULL,
  line INTEGER NOT NULL,
  digest BYTEA,
  sealed BYTEA,
  reason VARCHAR(40),
  PRIMARY KEY (import_id, line)
);
"""

# A row that is locked after a wait, and then turns out to be empty, stays locked until its
# transaction ends: two claims that each hold such a row and wait for the other's would be a
# deadlock. So whoever waits for a slot or a code holds none: what was locked in vain is let go with
# the inner block (`PT000` never leaves it).
#
# Which rows of `offer_use` a unit counts in. Whoever has no household, or sends no device, is
# one by itself. In key order: everybody locks them so.
_PARTS = """
CREATE FUNCTION use_keys(p_per_citizen int, p_limits jsonb, p_account bigint, p_household bigint,
  p_device bigint, p_day date)
RETURNS TABLE (kind smallint, subject bigint, period date, units int)
LANGUAGE sql IMMUTABLE AS $$
  SELECT (10 * who.n + span.n)::smallint,
         CASE who.n WHEN 2 THEN coalesce(p_household, p_account)
                    WHEN 3 THEN coalesce(p_device, p_account) ELSE p_account END,
         CASE span.n WHEN 1 THEN p_day
                     WHEN 2 THEN date_trunc('week', p_day::timestamp)::date
                     WHEN 3 THEN date_trunc('month', p_day::timestamp)::date
                     ELSE DATE '1970-01-01' END,
         min(l.units)::int
    FROM (SELECT 'citizen' AS by, 'always' AS per, p_per_citizen AS units
          UNION ALL SELECT x ->> 'by', x ->> 'per', (x ->> 'units')::int
                      FROM jsonb_array_elements(p_limits) AS x) AS l
    JOIN (VALUES ('citizen', 1), ('household', 2), ('device', 3)) AS who (name, n)
      ON who.name = l.by
    JOIN (VALUES ('always', 0), ('day', 1), ('week', 2), ('month', 3)) AS span (name, n)
      ON span.name = l.per
   GROUP BY 1, 2, 3 ORDER BY 1, 3
$$;
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
CREATE FUNCTION draw_funding(p_budget uuid, p_fen bigint, p_seed int) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
  v_slot smallint;
  v_left bigint;
BEGIN
  BEGIN
    SELECT slot INTO v_slot FROM funding_slot
     WHERE budget_id = p_budget AND remaining_fen >= p_fen
     ORDER BY (slot + p_seed) % 16 LIMIT 1 FOR UPDATE SKIP LOCKED;
    IF FOUND THEN
      UPDATE funding_slot SET remaining_fen = remaining_fen - p_fen
       WHERE budget_id = p_budget AND slot = v_slot;
      RETURN true;
    END IF;
    RAISE EXCEPTION 'again' USING ERRCODE = 'PT000';
  EXCEPTION WHEN SQLSTATE 'PT000' THEN
    NULL;
  END;
  -- No free slot has enough: lock them all, in order, and put together what is left.
  PERFORM 1 FROM funding_slot WHERE budget_id = p_budget ORDER BY slot FOR UPDATE;
  SELECT coalesce(sum(remaining_fen), 0) INTO v_left FROM funding_slot WHERE budget_id = p_budget;
  IF v_left < p_fen THEN
    RETURN false;
  END IF;
  UPDATE funding_slot SET remaining_fen = CASE slot WHEN 0 THEN v_left - p_fen ELSE 0 END
   WHERE budget_id = p_budget;
  RETURN true;
END $$;
CREATE FUNCTION take_unit(p_offer uuid, p_pool text, p_seed int) RETURNS smallint
LANGUAGE plpgsql AS $$
DECLARE
  v_try smallint;
  v_slot smallint;
BEGIN
  LOOP
    BEGIN
      SELECT slot INTO v_slot FROM offer_stock
       WHERE offer_id = p_offer AND pool IN (p_pool, '') AND remaining > 0 AND open
       ORDER BY pool = '', (slot + p_seed) % 64 LIMIT 1 FOR UPDATE SKIP LOCKED;
      IF FOUND THEN
        UPDATE offer_stock SET remaining = remaining - 1
         WHERE offer_id = p_offer AND slot = v_slot;
        RETURN v_slot;
      END IF;
      RAISE EXCEPTION 'again' USING ERRCODE = 'PT000';
    EXCEPTION WHEN SQLSTATE 'PT000' THEN
      NULL;
    END;
    -- Every slot with units is in somebody's hands: wait for one of them. Only when nobody has
    -- anything left, in a look of its own, it is sold out.
    SELECT slot INTO v_try FROM offer_stock
     WHERE offer_id = p_offer AND pool IN (p_pool, '') AND remaining > 0 AND open
     ORDER BY pool = '', (slot + p_seed) % 64 LIMIT 1;
    IF NOT FOUND THEN
      PERFORM 1 FROM offer_stock WHERE offer_id = p_offer AND open;
      IF NOT FOUND THEN
        RAISE EXCEPTION 'no such offer' USING ERRCODE = 'PT404';
      END IF;
      RAISE EXCEPTION 'sold out' USING ERRCODE = 'PT410';
    END IF;
    BEGIN
      SELECT slot INTO v_slot FROM offer_stock
       WHERE offer_id = p_offer AND slot = v_try AND remaining > 0 AND open FOR UPDATE;
      IF FOUND THEN
        UPDATE offer_stock SET remaining = remaining - 1
         WHERE offer_id = p_offer AND slot = v_slot;
        RETURN v_slot;
      END IF;
      RAISE EXCEPTION 'again' USING ERRCODE = 'PT000';
    EXCEPTION WHEN SQLSTATE 'PT000' THEN
      NULL;
    END;
  END LOOP;
END $$;
CREATE FUNCTION take_code(p_offer uuid, p_redemption uuid) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  v_try bytea;
  v_digest bytea;
BEGIN
  LOOP
    BEGIN
      SELECT digest INTO v_digest FROM offer_code
       WHERE offer_id = p_offer AND state = 1 LIMIT 1 FOR UPDATE SKIP LOCKED;
      IF NOT FOUND THEN
        -- The pool is small, so that a claim never wades through rows that were handed out.
        WITH more AS MATERIALIZED (
          SELECT offer_id, digest FROM offer_code
           WHERE offer_id = p_offer AND state = 0 LIMIT 500 FOR UPDATE SKIP LOCKED)
        UPDATE offer_code c SET state = 1 FROM more m
         WHERE c.offer_id = m.offer_id AND c.digest = m.digest;
        SELECT digest INTO v_digest FROM offer_code
         WHERE offer_id = p_offer AND state = 1 LIMIT 1 FOR UPDATE SKIP LOCKED;
      END IF;
      IF FOUND THEN
        UPDATE offer_code SET state = 2, redemption_id = p_redemption
         WHERE offer_id = p_offer AND digest = v_digest;
        RETURN;
      END IF;
      RAISE EXCEPTION 'again' USING ERRCODE = 'PT000';
    EXCEPTION WHEN SQLSTATE 'PT000' THEN
      NULL;
    END;
    SELECT digest INTO v_try FROM offer_code WHERE offer_id = p_offer AND state < 2 LIMIT 1;
    IF NOT FOUND THEN
      RAISE EXCEPTION 'a unit without a code' USING ERRCODE = 'PT500';
    END IF;
    BEGIN
      PERFORM 1 FROM offer_code
        WHERE offer_id = p_offer AND digest = v_try AND state < 2 FOR UPDATE;
      RAISE EXCEPTION 'again' USING ERRCODE = 'PT000';
    EXCEPTION WHEN SQLSTATE 'PT000' THEN
      NULL;
    END;
  END LOOP;
END $$;
"""

# One round trip, one transaction: request key, balance, uses, budgets, stock, code, redemption.
# The loser of a key's race waits for the winner and answers what it answered. A refusal is an
# SQLSTATE: the caller's transaction is undone with everything in it.
_HOLD = """
CREATE FUNCTION redeem_hold(p_account bigint, p_key text, p_fingerprint bytea, p_id uuid,
  p_digest bytea, p_offer uuid, p_household bigint, p_device bigint, p_pool text,
  p_ticket boolean, p_now timestamptz) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
  v_bucket smallint := (p_account % 1024)::smallint;
  v_known bytea;
  v_slot smallint;
  v_until timestamptz;
  v_out jsonb;
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
  UPDATE balance SET held = held + o.points
   WHERE bucket = v_bucket AND account_id = p_account AND unit = o.unit
     AND earned - consumed - held >= o.points;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'insufficient points' USING ERRCODE = 'PT402',
      DETAIL = jsonb_build_object('needed', o.points, 'available', coalesce((
        SELECT earned - consumed - held FROM balance
         WHERE bucket = v_bucket AND account_id = p_account AND unit = o.unit), 0));
  END IF;
  PERFORM count_uses(o.id, o.per_citizen, o.limits, p_account, p_household, p_device,
                     (p_now AT TIME ZONE 'Asia/Shanghai')::date);
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
                              'offer_id', o.id, 'title_zh', o.title_zh, 'title_en', o.title_en);
  IF p_key IS NOT NULL THEN
    UPDATE request SET response = v_out
     WHERE bucket = v_bucket AND account_id = p_account AND key = p_key;
  END IF;
  RETURN v_out;
END $$;
"""

# Tickets at the head become redemptions, as many as there are units, set-based. One grant of an
# offer runs at a time, so units can only grow while it counts them.
_GRANT = """
CREATE FUNCTION grant_tickets(p_offer uuid, p_limit int, p_now timestamptz) RETURNS int
LANGUAGE plpgsql AS $$
DECLARE
  o offer%ROWTYPE;
  f record;
  v_units bigint;
  v_ids uuid[];
  v_winners int;
BEGIN
  SELECT winners INTO v_winners FROM offer_seed WHERE offer_id = p_offer FOR UPDATE SKIP LOCKED;
  IF NOT FOUND THEN
    RETURN 0;
  END IF;
  SELECT * INTO o FROM offer WHERE id = p_offer AND state = 2 AND usable_until > p_now
     AND (mode = 3 OR closes_at > p_now);
  IF NOT FOUND
     OR NOT EXISTS (SELECT FROM merchant WHERE id = o.merchant_id AND state = 'active') THEN
    RETURN 0;
  END IF;
  SELECT least(coalesce(sum(remaining), 0), p_limit) INTO v_units
    FROM offer_stock WHERE offer_id = p_offer AND open;
  FOR f IN SELECT budget_id, fen FROM offer_funding
            WHERE offer_id = o.id AND budget_id IS NOT NULL AND fen > 0 LOOP
    v_units := least(v_units, (SELECT coalesce(sum(remaining_fen), 0) / f.fen FROM funding_slot
                                WHERE budget_id = f.budget_id));
  END LOOP;
  SELECT array_agg(id ORDER BY place) INTO v_ids FROM (
    SELECT id, place FROM ticket
     WHERE offer_id = p_offer AND state = 1 AND place IS NOT NULL
       AND (o.mode = 2 OR place <= v_winners)
     ORDER BY place LIMIT v_units FOR UPDATE SKIP LOCKED) AS head;
  IF v_ids IS NULL THEN
    RETURN 0;
  END IF;
  v_units := cardinality(v_ids);
  FOR f IN SELECT budget_id, fen FROM offer_funding
            WHERE offer_id = o.id AND budget_id IS NOT NULL AND fen > 0 ORDER BY budget_id LOOP
    IF NOT draw_funding(f.budget_id, f.fen * v_units, 0) THEN
      RAISE EXCEPTION 'budget spent' USING ERRCODE = 'PT507';
    END IF;
  END LOOP;
  PERFORM 1 FROM offer_stock WHERE offer_id = p_offer ORDER BY slot FOR UPDATE;
  PERFORM 1 FROM offer_stock WHERE offer_id = p_offer AND NOT open;
  IF FOUND THEN
    RAISE EXCEPTION 'no such offer' USING ERRCODE = 'PT404';
  END IF;
  WITH upto AS (
    SELECT slot, sum(remaining) OVER (ORDER BY slot) - remaining AS before,
           sum(remaining) OVER (ORDER BY slot) AS after
      FROM offer_stock WHERE offer_id = p_offer
  )
  INSERT INTO redemption (bucket, account_id, id, unit, offer_id, merchant_id, contra, points,
                          coupon_digest, state, created_at, held_until, slot, household, device,
                          face_value_fen, rate_version, store_ids)
  SELECT t.bucket, t.account_id, t.id, t.unit, t.offer_id, o.merchant_id, o.contra, t.points,
         t.coupon_digest, 1, t.arrived_at,
         least(p_now + o.coupon_life_s * interval '1 second', o.usable_until), u.slot,
         t.household, t.device, o.face_value_fen, o.rate_version, o.store_ids
    FROM unnest(v_ids) WITH ORDINALITY AS v (id, nth)
    JOIN ticket t ON t.id = v.id AND t.offer_id = p_offer AND t.state = 1
    JOIN upto u ON v.nth > u.before AND v.nth <= u.after;
  UPDATE offer_stock s SET remaining = s.remaining - g.n
    FROM (SELECT r.slot, count(*)::int AS n FROM ticket t
            JOIN redemption r ON r.bucket = t.bucket AND r.account_id = t.account_id AND r.id = t.id
           WHERE t.offer_id = p_offer AND t.state = 1 AND t.id = ANY (v_ids) GROUP BY 1) AS g
   WHERE s.offer_id = p_offer AND s.slot = g.slot;
  UPDATE ticket SET state = 2, resolved_at = p_now
   WHERE offer_id = p_offer AND state = 1 AND id = ANY (v_ids);
  RETURN v_units;
END $$;
"""

_RIGHTS = """
REVOKE ALL ON FUNCTION use_keys(int, jsonb, bigint, bigint, bigint, date),
  count_uses(uuid, int, jsonb, bigint, bigint, bigint, date), draw_funding(uuid, bigint, int),
  take_unit(uuid, text, int), take_code(uuid, uuid),
  redeem_hold(bigint, text, bytea, uuid, bytea, uuid, bigint, bigint, text, boolean, timestamptz),
  grant_tickets(uuid, int, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION use_keys(int, jsonb, bigint, bigint, bigint, date),
  count_uses(uuid, int, jsonb, bigint, bigint, bigint, date), draw_funding(uuid, bigint, int),
  take_unit(uuid, text, int), take_code(uuid, uuid),
  redeem_hold(bigint, text, bytea, uuid, bytea, uuid, bigint, bigint, text, boolean, timestamptz),
  grant_tickets(uuid, int, timestamptz) TO puhui_app;
GRANT UPDATE (presented_at, refunded_points, settled_on) ON redemption TO puhui_app;
GRANT SELECT, INSERT, UPDATE ON offer_withdrawal, funding_slot, offer_seed, ticket, offer_code,
  code_import TO puhui_app;
GRANT SELECT, INSERT ON exchange_rate, funding_budget, offer_funding TO puhui_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON code_line TO puhui_app;
CREATE TRIGGER exchange_rate_is_append_only BEFORE UPDATE OR DELETE ON exchange_rate
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER exchange_rate_keeps_its_rows BEFORE TRUNCATE ON exchange_rate
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE exchange_rate ENABLE ALWAYS TRIGGER exchange_rate_is_append_only;
ALTER TABLE exchange_rate ENABLE ALWAYS TRIGGER exchange_rate_keeps_its_rows;
"""

_GONE = """
DROP FUNCTION grant_tickets(uuid, int, timestamptz);
DROP FUNCTION redeem_hold(bigint, text, bytea, uuid, bytea, uuid, bigint, bigint, text, boolean,
  timestamptz);
DROP FUNCTION take_code(uuid, uuid);
DROP FUNCTION take_unit(uuid, text, int);
DROP FUNCTION draw_funding(uuid, bigint, int);
DROP FUNCTION count_uses(uuid, int, jsonb, bigint, bigint, bigint, date);
DROP FUNCTION use_keys(int, jsonb, bigint, bigint, bigint, date);
DROP TABLE code_line, code_import, offer_code, ticket, offer_seed, offer_funding, funding_slot,
  funding_budget, exchange_rate, offer_withdrawal;
DROP INDEX redemption_offer;
ALTER TABLE redemption
  DROP COLUMN slot, DROP COLUMN household, DROP COLUMN device, DROP COLUMN face_value_fen,
  DROP COLUMN rate_version, DROP COLUMN store_ids, DROP COLUMN presented_at,
  DROP COLUMN refunded_points, DROP COLUMN settled_on, DROP CONSTRAINT redemption_state;
DELETE FROM offer_use WHERE kind <> 10;
ALTER TABLE offer_use DROP CONSTRAINT offer_use_pkey, DROP COLUMN kind, DROP COLUMN period;
ALTER TABLE offer_use RENAME COLUMN subject TO account_id;
ALTER TABLE offer_use ADD PRIMARY KEY (bucket, account_id, offer_id);
UPDATE offer_stock s SET remaining = t.remaining, initial = t.initial
  FROM (SELECT offer_id, min(slot) AS slot, sum(remaining)::int AS remaining,
               sum(initial)::int AS initial FROM offer_stock GROUP BY 1) AS t
 WHERE s.offer_id = t.offer_id AND s.slot = t.slot;
DELETE FROM offer_stock s USING offer_stock t WHERE s.offer_id = t.offer_id AND s.slot > t.slot;
ALTER TABLE offer_stock DROP CONSTRAINT offer_stock_pkey, DROP COLUMN slot, DROP COLUMN pool,
  DROP COLUMN open;
ALTER TABLE offer_stock ADD PRIMARY KEY (offer_id);
DROP INDEX offer_newest, offer_cheapest;
ALTER TABLE offer
  DROP CONSTRAINT offer_usable, DROP CONSTRAINT offer_signs,
  DROP COLUMN kind, DROP COLUMN unit, DROP COLUMN mode, DROP COLUMN delivery,
  DROP COLUMN category, DROP COLUMN district_code, DROP COLUMN text_zh, DROP COLUMN text_en,
  DROP COLUMN picture, DROP COLUMN face_value_fen, DROP COLUMN rate_version,
  DROP COLUMN usable_until, DROP COLUMN coupon_life_s, DROP COLUMN limits, DROP COLUMN audience,
  DROP COLUMN store_ids, DROP COLUMN shuffle_s, DROP COLUMN draws_at;
"""
