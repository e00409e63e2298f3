"""A database that refuses what several nodes would pay for: a transaction in two groups."""

import psycopg

from app.citus import How, declared

GUARD = """
CREATE FUNCTION one_lane() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  mine text := ((CASE TG_OP WHEN 'DELETE' THEN OLD.bucket ELSE NEW.bucket END) % {n})::text;
  before text := nullif(current_setting('tests.lane', true), '');
BEGIN
  IF before IS NULL THEN
    PERFORM set_config('tests.lane', mine, true);
  ELSIF before <> mine THEN
    RAISE EXCEPTION 'a transaction of lane % writes % of lane %', before, TG_TABLE_NAME, mine;
  END IF;
  RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
"""
BY_BUCKET = sorted(name for name, each in declared().items() if each.how is How.bucket)


def guard(owner_url: str, *, n: int) -> None:
    """From now on, a transaction that writes in two groups of buckets fails."""
    with psycopg.connect(owner_url, autocommit=True) as owner:
        owner.execute(GUARD.format(n=n))
        for name in BY_BUCKET:
            if owner.execute("SELECT to_regclass(%s)", (name,)).fetchone() != (None,):
                owner.execute(
                    f"CREATE TRIGGER a_one_lane BEFORE INSERT OR UPDATE OR DELETE ON {name}"
                    " FOR EACH ROW EXECUTE FUNCTION one_lane()"
                )
