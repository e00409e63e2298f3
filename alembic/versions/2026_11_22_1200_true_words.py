"""The database says what is true of a line's head and why a unit is refused.

A citizen reads past nobody's tickets, so the place at the head of a line has a function of its own:
it returns that one number and no row. A refusal for want of units says whether others still have
some, and one because a draw has passed says so.

Locks: none that anybody waits for; functions are replaced.
Old code: goes on; it reads neither new fact, and counts from its own place.

Revision ID: 2026_11_22_1200
Revises: 2026_11_22_1100
"""

from alembic import op

revision = "2026_11_22_1200"
down_revision = "2026_11_22_1100"


_TAKE = "take_unit(uuid,text,int)"
_HOLD = "redeem_hold(bigint,text,bytea,uuid,bytea,uuid,bigint,text,boolean,timestamptz,timestamptz)"


def upgrade() -> None:
    """The head of a line, by its owner's rights; then what stands beside a refusal."""
    op.execute(_HEAD)
    _reword(_TAKE, _SOLD_OUT, _WHY_SOLD_OUT)
    _reword(_HOLD, _CLOSED, _DRAWN_OR_CLOSED)


def downgrade() -> None:
    """A ticket of a withdrawn offer says again that its owner has left."""
    op.execute("UPDATE ticket SET state = 4 WHERE state = 5")
    _reword(_HOLD, _DRAWN_OR_CLOSED, _CLOSED)
    _reword(_TAKE, _WHY_SOLD_OUT, _SOLD_OUT)
    op.execute("DROP FUNCTION line_head(uuid)")


def _reword(function: str, was: str, now: str) -> None:
    """Put other words into a function and leave the rest of it, and its rights, as they are."""
    op.execute(_REWORD.format(function=function, was=was, now=now))


_REWORD = """
DO $reword$
DECLARE
  v_text text := pg_get_functiondef('{function}'::regprocedure);
BEGIN
  IF length(v_text) - length(replace(v_text, $was${was}$was$, '')) <> length($was${was}$was$) THEN
    RAISE EXCEPTION 'the function is not the one that is to be changed';
  END IF;
  EXECUTE replace(v_text, $was${was}$was$, $now${now}$now$);
END $reword$;
"""


# It runs by the rights of the schema's owner, for whom no row is hidden. Temporary tables are
# looked at last, so that no caller can put a `ticket` of its own in the way.
_HEAD = """
CREATE FUNCTION line_head(p_offer uuid) RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT place FROM ticket
   WHERE offer_id = p_offer AND state = 1 AND place IS NOT NULL ORDER BY place LIMIT 1
$$;
REVOKE ALL ON FUNCTION line_head(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION line_head(uuid) TO puhui_app, puhui_caller;
"""

# `share`: was there ever a unit that this citizen's district might take? `others`: is there still
# one that it may not?
_SOLD_OUT = "      RAISE EXCEPTION 'sold out' USING ERRCODE = 'PT410';"
_WHY_SOLD_OUT = """      RAISE EXCEPTION 'sold out' USING ERRCODE = 'PT410', DETAIL = (
        SELECT jsonb_build_object(
                 'share', coalesce(bool_or(pool IN (p_pool, '') AND initial > 0), false),
                 'others', coalesce(bool_or(pool NOT IN (p_pool, '') AND remaining > 0), false))
          FROM offer_stock WHERE offer_id = p_offer AND open);"""

_CLOSED = """
     OR (o.mode = 3 AND o.draws_at <= p_now) THEN
    RAISE EXCEPTION 'no such offer' USING ERRCODE = 'PT404';"""
_DRAWN_OR_CLOSED = """ THEN
    RAISE EXCEPTION 'no such offer' USING ERRCODE = 'PT404';
  ELSIF o.mode = 3 AND o.draws_at <= p_now THEN
    RAISE EXCEPTION 'the draw is over' USING ERRCODE = 'PT404',
      DETAIL = jsonb_build_object('draws_at', extract(epoch FROM o.draws_at)::bigint);"""
