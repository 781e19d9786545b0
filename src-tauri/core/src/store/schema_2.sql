-- Small state that is no message: how far the set-up is, and the like. `value` is JSON.
CREATE TABLE kept (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
