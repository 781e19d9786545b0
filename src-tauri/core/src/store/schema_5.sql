-- What the connection cost: by day in UTC (`2026-11-25`) and by kind of command, bytes both ways, and the service's own
-- counter of the month as it was last read on that day. Small, and written whole for a day each time.
CREATE TABLE usage (
    day    TEXT    NOT NULL,
    what   TEXT    NOT NULL,
    amount INTEGER NOT NULL,
    PRIMARY KEY (day, what)
) STRICT, WITHOUT ROWID;
