"""The receiver's tables in PostgreSQL, and what is asked of them."""

LOCKS = 0x67686C  # the class of our advisory locks: "ghl"

SCHEMA = """
CREATE SEQUENCE IF NOT EXISTS ghlctl_owner AS integer CYCLE;
CREATE SEQUENCE IF NOT EXISTS ghlctl_seq;
CREATE TABLE IF NOT EXISTS ghlctl_seen (
    webhook_id text PRIMARY KEY, settled boolean NOT NULL, owner integer NOT NULL,
    at double precision NOT NULL
);
CREATE INDEX IF NOT EXISTS ghlctl_seen_by_age ON ghlctl_seen (at);
CREATE INDEX IF NOT EXISTS ghlctl_seen_open ON ghlctl_seen (owner) WHERE NOT settled;
CREATE TABLE IF NOT EXISTS ghlctl_insight (
    seq bigint PRIMARY KEY, contact_id text NOT NULL, score double precision NOT NULL,
    segment text NOT NULL, matches text NOT NULL, next_contact_hour integer NOT NULL, kept bytea
);
CREATE TABLE IF NOT EXISTS ghlctl_inbox (
    seq bigint PRIMARY KEY, webhook_id text NOT NULL, route text, body bytea,
    acknowledged boolean NOT NULL, state smallint NOT NULL, reason text, owner integer NOT NULL,
    received_at double precision NOT NULL
);
CREATE TABLE IF NOT EXISTS ghlctl_standing (
    contact text PRIMARY KEY, opted_out boolean NOT NULL, said_at double precision NOT NULL,
    erased_at double precision
);
CREATE INDEX IF NOT EXISTS ghlctl_standing_erased ON ghlctl_standing (erased_at)
    WHERE erased_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS ghlctl_inbox_by_age ON ghlctl_inbox (received_at);
CREATE INDEX IF NOT EXISTS ghlctl_inbox_open ON ghlctl_inbox (owner, seq) WHERE state = 0;
"""
EXISTS = "SELECT to_regclass('ghlctl_standing')"  # the youngest of them
HAS_KEPT = """
SELECT 1 FROM pg_attribute
WHERE attrelid = to_regclass('ghlctl_insight') AND attname = 'kept' AND NOT attisdropped
"""
ADD_KEPT = "ALTER TABLE ghlctl_insight ADD COLUMN IF NOT EXISTS kept bytea"
ALONE = "SELECT pg_advisory_xact_lock($1, 0)"

NEXT_OWNER = "SELECT nextval('ghlctl_owner')::integer"
LOCK = "SELECT pg_advisory_lock($1, $2)"
TRY_LOCK = "SELECT pg_try_advisory_xact_lock($1, $2)"
OTHER_OWNERS = """
SELECT owner FROM ghlctl_inbox WHERE state = 0 AND owner <> $1
UNION SELECT owner FROM ghlctl_seen WHERE NOT settled AND owner <> $1
"""
FREE = "DELETE FROM ghlctl_seen WHERE NOT settled AND owner = $1"
DROP = "DELETE FROM ghlctl_inbox WHERE state = 0 AND NOT acknowledged AND owner = $1"
ADOPT = """
UPDATE ghlctl_inbox SET owner = $2 WHERE state = 0 AND owner = $1 RETURNING seq, route, body
"""
FREE_DOUBTFUL = """
DELETE FROM ghlctl_seen WHERE webhook_id = ANY($1::text[]) AND owner = $2 AND NOT settled
"""
DROP_DOUBTFUL = """
DELETE FROM ghlctl_inbox
WHERE webhook_id = ANY($1::text[]) AND owner = $2 AND state = 0 AND NOT acknowledged
"""
DOUBTFUL = """
SELECT seq, route, body FROM ghlctl_inbox
WHERE webhook_id = ANY($1::text[]) AND owner = $2 AND state = 0
"""

# Ids are claimed in their own order, so that two receivers never wait for each other in a circle.
INSERT = """
WITH given AS (
    SELECT nextval('ghlctl_seq') AS seq, g.* FROM unnest(
        $1::integer[], $2::text[], $3::text[], $4::bytea[], $5::boolean[], $6::boolean[]
    ) AS g (n, webhook_id, route, body, acknowledged, once)
), claimed AS (
    INSERT INTO ghlctl_seen (webhook_id, settled, owner, at)
    SELECT DISTINCT ON (webhook_id) webhook_id, acknowledged, $7::integer, $8::float
    FROM given WHERE once ORDER BY webhook_id, n
    ON CONFLICT DO NOTHING RETURNING webhook_id
), fresh AS (
    SELECT * FROM given WHERE NOT once
    UNION ALL (
        SELECT DISTINCT ON (webhook_id) given.* FROM given JOIN claimed USING (webhook_id)
        WHERE once ORDER BY webhook_id, n
    )
), stored AS (
    INSERT INTO ghlctl_inbox
    SELECT seq, webhook_id, route, body, acknowledged, 0, NULL, $7::integer, $8::float FROM fresh
)
SELECT n, seq FROM fresh
"""
SETTLED = "SELECT webhook_id, settled FROM ghlctl_seen WHERE webhook_id = ANY($1::text[])"

FOUND = """
INSERT INTO ghlctl_insight
SELECT $1, $2, $3, $4, $5, $6, $7 WHERE NOT EXISTS (
    SELECT FROM ghlctl_standing WHERE contact = $8 AND erased_at IS NOT NULL
)
ON CONFLICT (seq) DO UPDATE SET contact_id = excluded.contact_id, score = excluded.score,
    segment = excluded.segment, matches = excluded.matches,
    next_contact_hour = excluded.next_contact_hour, kept = excluded.kept
"""
FINISHED = "UPDATE ghlctl_inbox SET state = 1, body = NULL WHERE seq = ANY($1::bigint[])"
SETTLE = "UPDATE ghlctl_seen SET settled = true WHERE webhook_id = ANY($1::text[]) AND NOT settled"
GIVEN_UP = """
UPDATE ghlctl_inbox SET state = 2, reason = $2, body = NULL WHERE seq = $1 AND state = 0
"""
FORGET = "DELETE FROM ghlctl_seen WHERE webhook_id = $1 AND NOT settled"

PURGE_INBOX = """
WITH old AS (
    DELETE FROM ghlctl_inbox WHERE seq IN (
        SELECT seq FROM ghlctl_inbox WHERE state <> 0 AND received_at < $1 LIMIT 1000
        FOR UPDATE SKIP LOCKED
    ) RETURNING seq
), insights AS (DELETE FROM ghlctl_insight WHERE seq IN (SELECT seq FROM old))
SELECT seq FROM old
"""
PURGE_SEEN = """
DELETE FROM ghlctl_seen WHERE webhook_id IN (
    SELECT webhook_id FROM ghlctl_seen WHERE at < $1 LIMIT 1000 FOR UPDATE SKIP LOCKED
) RETURNING webhook_id
"""

STANDING = "SELECT opted_out, said_at, erased_at FROM ghlctl_standing WHERE contact = $1"
PREFER = """
INSERT INTO ghlctl_standing AS known VALUES ($1, $2, $3, NULL)
ON CONFLICT (contact) DO UPDATE SET opted_out = excluded.opted_out, said_at = excluded.said_at
WHERE known.said_at <= excluded.said_at AND known.erased_at IS NULL
"""
NAMING = """
SELECT seq, body FROM ghlctl_inbox
WHERE state = 0 AND position($1::bytea IN body) > 0
"""
EMPTY = """
UPDATE ghlctl_inbox SET state = 1, body = NULL, reason = 'erased' WHERE seq = ANY($1::bigint[])
"""
FORGET_INSIGHTS = "DELETE FROM ghlctl_insight WHERE contact_id = $1 RETURNING seq"
MARK_ERASED = """
INSERT INTO ghlctl_standing VALUES ($1, false, $2, $2)
ON CONFLICT (contact) DO UPDATE SET opted_out = false, said_at = $2, erased_at = $2
"""
REVIVE = "DELETE FROM ghlctl_standing WHERE contact = $1 AND erased_at IS NOT NULL"
PURGE_ERASURES = """
DELETE FROM ghlctl_standing WHERE contact IN (
    SELECT contact FROM ghlctl_standing WHERE erased_at < $1 LIMIT 1000 FOR UPDATE SKIP LOCKED
) RETURNING contact
"""
TABLES = ("ghlctl_inbox", "ghlctl_insight", "ghlctl_seen", "ghlctl_standing")
SIZE = "SELECT sum(pg_total_relation_size(name::regclass)) FROM unnest($1::text[]) AS name"
