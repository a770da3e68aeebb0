CREATE TABLE entries (
	id            TEXT PRIMARY KEY,
	satellite     TEXT NOT NULL,
	area          TEXT NOT NULL,
	at            INTEGER NOT NULL, -- UTC milliseconds
	zone          TEXT NOT NULL,
	duration      INTEGER NOT NULL, -- milliseconds
	wake_word     TEXT NOT NULL,
	score         REAL NOT NULL,
	threshold     REAL NOT NULL,
	outcome       TEXT NOT NULL,
	transcript    TEXT NOT NULL,
	language      TEXT NOT NULL,
	reply         TEXT NOT NULL,
	intent        TEXT NOT NULL,
	error_code    TEXT NOT NULL,
	error_message TEXT NOT NULL,
	media_type    TEXT NOT NULL,    -- empty: no audio is kept
	bytes         INTEGER NOT NULL,
	sample_rate   INTEGER NOT NULL, -- Hz
	peaks         BLOB,
	speech_end    INTEGER NOT NULL, -- milliseconds from the wake instant, as the two below
	transcribed   INTEGER NOT NULL,
	replied       INTEGER NOT NULL,
	kept          INTEGER NOT NULL,
	label         TEXT NOT NULL,
	shared        INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX entries_at ON entries (at, id);
CREATE INDEX entries_satellite ON entries (satellite, at, id);

-- What waits for its clip to be removed. Nothing but the id is left of it.
CREATE TABLE garbage (id TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;

CREATE TABLE settings (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
