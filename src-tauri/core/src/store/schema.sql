-- What came, in order of arrival. `payload` is what came, byte for byte; the columns are what was read from it.
CREATE TABLE messages (
    seq         INTEGER PRIMARY KEY,
    sender      TEXT    NOT NULL,
    id          TEXT,
    channel     TEXT    NOT NULL,
    kind        TEXT    NOT NULL,           -- empty where it could not be read
    priority    INTEGER NOT NULL,           -- 0 low, 1 normal, 2 urgent
    received_at INTEGER NOT NULL,           -- all times: milliseconds since 1970
    sent_at     INTEGER,
    expires_at  INTEGER,
    reply_to    TEXT,
    state       INTEGER NOT NULL,           -- 0 no task, 1 new, 2 accepted, 3 done, 4 failed, 5 declined, 6 expired
    seen        INTEGER NOT NULL DEFAULT 0,
    receipt     INTEGER NOT NULL DEFAULT 0, -- has the sender heard that it was received? 0 not told, 1 told, 2 heard
    receipt_at  INTEGER,
    payload     BLOB    NOT NULL
) STRICT;

-- A message is who sent it and its id; one without id is like no other.
CREATE UNIQUE INDEX message_identity ON messages (sender, id) WHERE id IS NOT NULL;
CREATE INDEX message_open ON messages (seq, seen) WHERE state IN (1, 2);
CREATE INDEX message_answered ON messages (seq) WHERE state > 2;
CREATE INDEX message_feed ON messages (seq) WHERE state = 0;
CREATE INDEX message_unreadable ON messages (seq) WHERE kind = '';

-- What goes out. Written before it is sent.
CREATE TABLE outbox (
    seq        INTEGER PRIMARY KEY,
    id         TEXT    NOT NULL UNIQUE,
    channel    TEXT    NOT NULL,
    peer       TEXT,                        -- who is to hear it; none where it is for everybody
    kind       TEXT    NOT NULL,
    about      INTEGER REFERENCES messages (seq) ON DELETE SET NULL,
    status     INTEGER,                     -- of a reply: 1 received, 2 accepted, 3 done, 4 failed, 5 declined, 6 expired
    note       TEXT    NOT NULL DEFAULT '', -- what the person wrote
    created_at INTEGER NOT NULL,
    state      INTEGER NOT NULL DEFAULT 0,  -- 0 waits, 1 sent and unheard, 2 heard, 3 refused for good
    resent     INTEGER NOT NULL DEFAULT 0,
    sent_at    INTEGER,
    refusal    TEXT,
    payload    BLOB    NOT NULL
) STRICT;
CREATE INDEX outbox_waiting ON outbox (seq) WHERE state = 0;
CREATE INDEX outbox_unheard ON outbox (peer, seq) WHERE state = 1 AND resent = 0;
CREATE INDEX outbox_about ON outbox (about, seq) WHERE about IS NOT NULL;

-- Times in which nothing could be heard. `after_seq` is the newest message that had come before the end of it.
CREATE TABLE gaps (
    seq       INTEGER PRIMARY KEY,
    since     INTEGER NOT NULL,
    until     INTEGER NOT NULL,
    cause     TEXT    NOT NULL,
    after_seq INTEGER NOT NULL
) STRICT;
CREATE INDEX gap_place ON gaps (after_seq);

-- How far something has got; only ever forward.
CREATE TABLE cursors (
    name     TEXT PRIMARY KEY,
    position INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- When each agent was last heard, and the interval of its heartbeats in seconds.
CREATE TABLE agents (
    name       TEXT PRIMARY KEY,
    last_heard INTEGER NOT NULL,
    interval_s INTEGER
) STRICT, WITHOUT ROWID;

CREATE VIRTUAL TABLE search USING fts5 (
    title, body,
    content = '', contentless_delete = 1, detail = 'column', tokenize = 'unicode61 remove_diacritics 2'
);
