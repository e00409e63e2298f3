"""Stand-ins for Citus: its functions, in a schema of their own, that refuse what Citus refuses."""

STAND_INS = """
CREATE SCHEMA citus_stand_in;
CREATE TABLE citus_stand_in.spread (
  name regclass PRIMARY KEY, place text NOT NULL, colocation int, shards int);
CREATE SEQUENCE citus_stand_in.colocation;

CREATE FUNCTION citus_stand_in.check_table(t regclass, key text) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  culprit text;
  number smallint := (SELECT attnum FROM pg_attribute WHERE attrelid = t AND attname = key);
BEGIN
  IF EXISTS (SELECT FROM pg_class WHERE oid = t AND relispartition) THEN
    RAISE EXCEPTION '% is a partition: spread its parent', t;
  END IF;
  IF key IS NOT NULL AND number IS NULL THEN
    RAISE EXCEPTION '% has no column %', t, key;
  END IF;
  SELECT g.tgname INTO culprit FROM pg_trigger g
   WHERE NOT g.tgisinternal AND (g.tgrelid = t OR g.tgrelid IN (
     SELECT inhrelid FROM pg_inherits WHERE inhparent = t)) LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'triggers are not supported: % on %', culprit, t;
  END IF;
  IF EXISTS (SELECT FROM pg_class WHERE oid = t AND relrowsecurity) THEN
    RAISE EXCEPTION 'policies of % ask for a setting that does not travel', t;
  END IF;
  SELECT i.indexrelid::regclass::text INTO culprit FROM pg_index i
   WHERE key IS NOT NULL AND i.indrelid = t AND (i.indisunique OR i.indisexclusion)
     AND NOT (number = ANY (i.indkey::smallint[])) LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'unique key % of % lacks the distribution column', culprit, t;
  END IF;
  SELECT c.conname INTO culprit FROM pg_constraint c
    LEFT JOIN citus_stand_in.spread mine ON mine.name = t
    LEFT JOIN citus_stand_in.spread other
           ON other.name = CASE WHEN c.conrelid = t THEN c.confrelid ELSE c.conrelid END
   WHERE c.contype = 'f' AND t IN (c.conrelid, c.confrelid)
     AND mine.colocation IS DISTINCT FROM other.colocation LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'foreign key % of % leaves its node', culprit, t;
  END IF;
END $$;

CREATE FUNCTION citus_stand_in.create_distributed_table(table_name regclass,
  distribution_column text, distribution_type text DEFAULT 'hash',
  colocate_with text DEFAULT 'default', shard_count int DEFAULT NULL) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  beside citus_stand_in.spread;
  types regtype[];
BEGIN
  IF colocate_with NOT IN ('default', 'none') THEN
    SELECT * INTO beside FROM citus_stand_in.spread WHERE name = colocate_with::regclass;
    IF NOT FOUND THEN
      RAISE EXCEPTION '% is not spread yet', colocate_with;
    END IF;
    types := ARRAY(SELECT DISTINCT atttypid::regtype FROM pg_attribute
                    WHERE (attrelid = table_name AND attname = distribution_column)
                       OR (attrelid = beside.name AND attname = beside.place));
    IF cardinality(types) <> 1 THEN
      RAISE EXCEPTION 'distribution columns of % and % differ: %', table_name, beside.name, types;
    END IF;
  END IF;
  INSERT INTO citus_stand_in.spread
  VALUES (table_name, distribution_column,
          coalesce(beside.colocation, nextval('citus_stand_in.colocation')),
          coalesce(beside.shards, shard_count));
  PERFORM citus_stand_in.check_table(table_name, distribution_column);
END $$;

CREATE FUNCTION citus_stand_in.create_reference_table(table_name regclass) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM citus_stand_in.check_table(table_name, NULL);
  INSERT INTO citus_stand_in.spread VALUES (table_name, '');
END $$;

CREATE FUNCTION citus_stand_in.get_shard_id_for_distribution_column(
  table_name regclass, distribution_value smallint) RETURNS bigint
LANGUAGE sql AS $$ SELECT 102008 + (hashint8($2::bigint) & 2147483647) %
  (SELECT shards FROM citus_stand_in.spread WHERE name = table_name) $$;
SET search_path = public, queue, citus_stand_in;
"""
