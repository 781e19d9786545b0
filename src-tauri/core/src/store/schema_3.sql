-- Which ways a message came: 1 live, 2 record, 4 mailbox; the sum of them where it came more than once. Who left it in
-- the mailbox, by the name of that service; and why it is not taken for a message, where it is not.
ALTER TABLE messages ADD COLUMN ways INTEGER NOT NULL DEFAULT 1;
ALTER TABLE messages ADD COLUMN login TEXT;
ALTER TABLE messages ADD COLUMN doubt TEXT;

-- Of a message of ours: 0 not tried by the mailbox, 1 perhaps left there, 2 cannot be, for `refusal`, 3 left there.
ALTER TABLE outbox ADD COLUMN mailbox INTEGER NOT NULL DEFAULT 0;

-- A message without an id that came live and stands in the record too is known again by its bytes alone.
CREATE INDEX message_came_once ON messages (channel, ways, seq) WHERE id IS NULL AND ways < 3;

-- The last entry of each channel's record that was read, by the server's own id for it: milliseconds, and which one
-- of these. 0 and 0 before the first.
CREATE TABLE records (
    channel TEXT PRIMARY KEY,
    ms      INTEGER NOT NULL,
    nth     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
