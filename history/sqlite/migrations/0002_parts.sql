ALTER TABLE entries RENAME TO entries_before;

-- What entries are looked for by, in the order of time, and small so that a scan of all is quick.
CREATE TABLE entries (
	at        INTEGER NOT NULL, -- UTC milliseconds
	id        TEXT NOT NULL,
	folded    BLOB NOT NULL,    -- transcript, the byte FF, reply; letter case folded; empty where both are
	satellite TEXT NOT NULL,
	outcome   TEXT NOT NULL,
	wake_word TEXT NOT NULL,
	kept      INTEGER NOT NULL,
	parts     INTEGER NOT NULL, -- 1: a clip, 2: transcript or reply, 4: anything that a deletion of text wipes
	stored    INTEGER NOT NULL, -- bytes of the clip as stored
	duration  INTEGER NOT NULL, -- milliseconds
	label     TEXT NOT NULL,
	shared    INTEGER NOT NULL,
	rev       INTEGER NOT NULL, -- revision of the last change by a person, or of the addition
	n         INTEGER NOT NULL, -- of its details
	PRIMARY KEY (at, id)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX entries_id ON entries (id);
CREATE INDEX entries_kept ON entries (at, id) WHERE kept = 1;
CREATE INDEX entries_label ON entries (at, id) WHERE label <> '';
CREATE INDEX entries_shared ON entries (at, id) WHERE shared = 1;

-- The rest of an entry.
CREATE TABLE details (
	n             INTEGER PRIMARY KEY,
	key           TEXT NOT NULL,    -- of the clip
	area          TEXT NOT NULL,
	zone          TEXT NOT NULL,
	score         REAL NOT NULL,
	threshold     REAL NOT NULL,
	transcript    TEXT NOT NULL,
	language      TEXT NOT NULL,
	reply         TEXT NOT NULL,
	intent        TEXT NOT NULL,
	error_code    TEXT NOT NULL,
	error_message TEXT NOT NULL,
	media_type    TEXT NOT NULL,
	bytes         INTEGER NOT NULL,
	sample_rate   INTEGER NOT NULL, -- Hz
	peaks         BLOB,
	speech_end    INTEGER NOT NULL, -- milliseconds from the wake instant, as the two below
	transcribed   INTEGER NOT NULL,
	replied       INTEGER NOT NULL
) STRICT;

-- Sums of entries over stretches of time. A stretch of level 0 is at >> 26 (19 hours), one of level 1 is at >> 31 (25 days).
CREATE TABLE totals (
	level     INTEGER NOT NULL,
	stretch   INTEGER NOT NULL,
	satellite TEXT NOT NULL,
	outcome   TEXT NOT NULL,
	wake_word TEXT NOT NULL,
	kept      INTEGER NOT NULL,
	parts     INTEGER NOT NULL,
	entries   INTEGER NOT NULL,
	stored    INTEGER NOT NULL,
	duration  INTEGER NOT NULL,
	PRIMARY KEY (level, stretch, satellite, outcome, wake_word, kept, parts)
) STRICT, WITHOUT ROWID;

CREATE TABLE revision (n INTEGER NOT NULL) STRICT;
INSERT INTO revision (n) VALUES (0);

CREATE TABLE accesses (
	id      TEXT PRIMARY KEY,
	at      INTEGER NOT NULL, -- UTC milliseconds
	who     TEXT NOT NULL,
	action  TEXT NOT NULL,
	entries INTEGER NOT NULL,
	stored  INTEGER NOT NULL,
	details TEXT
) STRICT, WITHOUT ROWID;
