"""A database that refuses what several nodes would pay for: a transaction in two places."""

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
ELSEWHERE = """
CREATE FUNCTION not_in_a_lane() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  before text := nullif(current_setting('tests.lane', true), '');
BEGIN
  IF before <> 'elsewhere' THEN
    RAISE EXCEPTION 'a transaction of lane % writes %', before, TG_TABLE_NAME;
  END IF;
  PERFORM set_config('tests.lane', 'elsewhere', true);
  RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
"""
BY_BUCKET = sorted(name for name, each in declared().items() if each.how is How.bucket)


LOCAL = sorted(name for name, each in declared().items() if each.how is How.local)
COPIED = sorted(name for name, each in declared().items() if each.how is How.reference)


def guard(owner_url: str, *, n: int) -> None:
    """From now on, a transaction that writes in two groups of buckets, or in one and elsewhere, fails."""
    with psycopg.connect(owner_url, autocommit=True) as owner:
        owner.execute(GUARD.format(n=n))
        owner.execute(ELSEWHERE)
        for names, refuse in ((BY_BUCKET, "one_lane"), (LOCAL + COPIED, "not_in_a_lane")):
            for name in names:
                if owner.execute("SELECT to_regclass(%s)", (name,)).fetchone() != (None,):
                    owner.execute(
                        f"CREATE TRIGGER a_one_lane BEFORE INSERT OR UPDATE OR DELETE ON {name}"
                        f" FOR EACH ROW EXECUTE FUNCTION {refuse}()"
                    )
