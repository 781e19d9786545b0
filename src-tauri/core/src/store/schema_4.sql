-- Rotations of the database's key. `journal` is JSON and says how far one is and how it was; no secret is in it.
CREATE TABLE rotations (
    id      TEXT PRIMARY KEY,
    begun   INTEGER NOT NULL,
    -- When it ended; nothing while it is under way, of which there is one at the most.
    ended   INTEGER,
    journal TEXT NOT NULL,
    -- What it came to, as JSON; nothing where there is nothing to be shown.
    receipt TEXT
) STRICT, WITHOUT ROWID;

CREATE INDEX rotation_receipts ON rotations (ended) WHERE receipt IS NOT NULL;
