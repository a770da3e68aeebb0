-- What entries are looked for by. Nothing here is wiped by a deletion of audio or text.
CREATE TABLE entries (
	id        text COLLATE "C" PRIMARY KEY,
	at        bigint NOT NULL,           -- UTC milliseconds
	satellite text COLLATE "C" NOT NULL,
	outcome   text COLLATE "C" NOT NULL,
	wake_word text COLLATE "C" NOT NULL,
	label     text COLLATE "C" NOT NULL,
	stored    bigint NOT NULL,           -- bytes of the clip as stored
	duration  bigint NOT NULL,           -- milliseconds
	shelf     smallint NOT NULL,         -- of its details
	parts     smallint NOT NULL,         -- 1: a clip, 2: transcript or reply, 4: anything that a deletion of text wipes
	kept      boolean NOT NULL,
	shared    boolean NOT NULL,
	rev       xid8 NOT NULL              -- transaction of the last change by a person, or of the addition
);

CREATE INDEX entries_at ON entries (at, id);
CREATE INDEX entries_satellite ON entries (satellite, at, id);
CREATE INDEX entries_kept ON entries (at, id) WHERE kept;
CREATE INDEX entries_label ON entries (at, id) WHERE label <> '';
CREATE INDEX entries_shared ON entries (at, id) WHERE shared;

-- The rest of an entry, with all that a deletion wipes. To wipe it from the server's files too, a table has to be written anew; so it is many
-- small ones, each with entries of neighbouring days.
CREATE TABLE details (
	folded        bytea NOT NULL,    -- transcript, the byte FF, reply; letter case folded; empty where both are
	shelf         smallint NOT NULL, -- at >> 30 (12 days), the last five bits of it
	id            text COLLATE "C" NOT NULL,
	key           text NOT NULL,     -- of the clip
	area          text NOT NULL,
	zone          text NOT NULL,
	score         double precision NOT NULL,
	threshold     double precision NOT NULL,
	transcript    text NOT NULL,
	language      text NOT NULL,
	reply         text NOT NULL,
	intent        text NOT NULL,
	error_code    text NOT NULL,
	error_message text NOT NULL,
	media_type    text NOT NULL,     -- empty: no audio is kept
	bytes         bigint NOT NULL,
	sample_rate   integer NOT NULL,  -- Hz
	peaks         bytea,
	speech_end    bigint NOT NULL,   -- milliseconds from the wake instant, as the two below
	transcribed   bigint NOT NULL,
	replied       bigint NOT NULL,
	PRIMARY KEY (shelf, id)
) PARTITION BY LIST (shelf);

DO $$
BEGIN
	FOR n IN 0..31 LOOP
		EXECUTE format('CREATE TABLE details_%s PARTITION OF details FOR VALUES IN (%s)', n, n);
	END LOOP;
END
$$;

-- The server's statistics are samples of what is in a column, kept where no deletion reaches them.
ALTER TABLE details
	ALTER folded SET STATISTICS 0, ALTER key SET STATISTICS 0, ALTER transcript SET STATISTICS 0, ALTER reply SET STATISTICS 0,
	ALTER intent SET STATISTICS 0, ALTER error_message SET STATISTICS 0, ALTER peaks SET STATISTICS 0;

-- Shelves something was wiped from, until no byte of it is left in the server's files.
CREATE TABLE dirty (
	n     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	shelf smallint NOT NULL,
	rev   xid8 NOT NULL
);

-- What waits for its clip to be removed. Nothing but the id is left of it.
CREATE TABLE garbage (id text COLLATE "C" PRIMARY KEY);

CREATE TABLE settings (key text COLLATE "C" PRIMARY KEY, value text NOT NULL);

CREATE TABLE accesses (
	id      text COLLATE "C" PRIMARY KEY,
	at      bigint NOT NULL, -- UTC milliseconds
	who     text NOT NULL,
	action  text NOT NULL,
	entries bigint NOT NULL,
	stored  bigint NOT NULL,
	details text
);
