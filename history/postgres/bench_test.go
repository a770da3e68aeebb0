package postgres_test

import (
	"slices"
	"testing"
	"time"

	"github.com/oklog/ulid/v2"

	"earshot/history"
	"earshot/history/postgres"
	"earshot/history/postgres/postgrestest"
)

// million adds entries, one every three minutes, as the store would.
const million = `
INSERT INTO earshot.entries (id, at, satellite, outcome, wake_word, label, stored, duration, shelf, parts, kept, shared, rev)
SELECT '01' || lpad(n::text, 24, '0'), at, 'room' || n % 8, (ARRAY['understood', 'not_intended', 'failed'])[1 + n % 3], 'okay_nabu',
	'', 40000, 4000, (at >> 30) & 31, 7, n % 200 = 0, false, pg_current_xact_id()
FROM (SELECT n, 1600000000000 + n * 180000::bigint AS at FROM generate_series(1, 1000000) n) g;
INSERT INTO earshot.details (folded, shelf, id, key, area, zone, score, threshold, transcript, language, reply, intent, error_code,
	error_message, media_type, bytes, sample_rate, peaks, speech_end, transcribed, replied)
SELECT convert_to(upper(transcript), 'UTF8') || '\xff' || 'DONE', (at >> 30) & 31, '01' || lpad(n::text, 24, '0'), repeat(md5(n::text), 2), 'Kitchen',
	'Europe/Berlin', 0.97, 0.85, transcript, 'en', 'done', 'HassTurnOn', '', '', 'audio/flac', 39000, 16000,
	decode(repeat(md5(n::text), 8), 'hex'), 2000, 2500, 3000
FROM (SELECT n, 1600000000000 + n * 180000::bigint AS at, 'turn on the light number ' || n || ' in the kitchen' AS transcript FROM generate_series(1, 1000000) n) g;
`

// BenchmarkMillion measures what people wait for, with a million entries on a server that syncs.
func BenchmarkMillion(b *testing.B) {
	server := postgrestest.Start(b, "fsync=on", "max_wal_size=4GB")
	url := server.Database()
	s := open(b, url)
	count(b, s) // makes the tables
	began := time.Now()
	exec(b, url, million, `VACUUM ANALYZE`, `CHECKPOINT`)
	b.Logf("filled in %v", time.Since(began))
	at := func(n int64) time.Time { return time.UnixMilli(1600000000000 + n*180000) }
	recent := history.Filter{From: at(990_000)}
	list := func(q history.Query) func(*testing.B) error {
		return func(b *testing.B) error { _, err := s.List(b.Context(), q); return err }
	}
	totals := func(sel history.Selection) func(*testing.B) error {
		return func(b *testing.B) error { _, err := s.Totals(b.Context(), sel); return err }
	}
	page, err := s.List(b.Context(), history.Query{Filter: history.Filter{To: at(500_000)}})
	if err != nil {
		b.Fatal(err)
	}
	for _, c := range []struct {
		name string
		run  func(*testing.B) error
	}{
		{"Get", func(b *testing.B) error { _, err := s.Get(b.Context(), page.Entries[0].ID); return err }},
		{"Page", list(history.Query{})},
		{"PageInTheMiddle", list(history.Query{Cursor: page.NextCursor})},
		{"PageOfOneSatellite", list(history.Query{Filter: history.Filter{Satellites: []string{"room3"}}})},
		{"PageWithCommonText", list(history.Query{Filter: history.Filter{Text: "light"}})},
		{"PageWithRareText", list(history.Query{Filter: history.Filter{Text: "number 4321 in"}})},
		{"PageWithNoText", list(history.Query{Filter: history.Filter{Text: "nowhere"}})},
		{"TotalsOfAll", totals(history.Selection{})},
		{"TotalsOf10000", totals(history.Selection{Filter: recent})},
		{"TotalsOfText", totals(history.Selection{Filter: history.Filter{Text: "number 43"}})},
		{"Stats", func(b *testing.B) error { _, err := s.Stats(b.Context(), history.Filter{}); return err }},
		{"Check", func(b *testing.B) error { return s.Check(b.Context()) }},
	} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				if err := c.run(b); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("Insert", func(b *testing.B) {
		for b.Loop() {
			insert(b, s, added(), "key")
		}
	})
	b.Run("DeleteOne", func(b *testing.B) {
		for b.Loop() {
			e := added()
			insert(b, s, e, "key")
			trash(b, s, history.Selection{IDs: []string{e.ID}})
			flush(b, s)
		}
	})
	b.Run("Delete100000", func(b *testing.B) { deleteMany(b, s, history.Filter{To: at(100_000)}) })
}

func added() history.Entry {
	e, _ := entry(1, mark)
	e.ID = ulid.Make().String()
	return e
}

func flush(b *testing.B, s history.Store) {
	b.Helper()
	if err := s.Flush(b.Context()); err != nil {
		b.Fatal(err)
	}
}

// deleteMany deletes in parts, and tells how long an addition takes meanwhile.
func deleteMany(b *testing.B, s *postgres.Store, f history.Filter) {
	var waits []time.Duration
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			select {
			case <-done:
				return
			default:
			}
			began := time.Now()
			if err := s.Insert(b.Context(), added(), "key"); err != nil {
				b.Error(err)
				return
			}
			waits = append(waits, time.Since(began))
		}
	}()
	began := time.Now()
	const part = 500
	for n := part; n == part; {
		got, err := s.Trash(b.Context(), history.Selection{Filter: f, IncludeKept: true}, part)
		if err != nil {
			b.Fatal(err)
		}
		n = len(got)
	}
	b.ReportMetric(float64(time.Since(began).Milliseconds()), "ms/trash")
	began = time.Now()
	flush(b, s)
	b.ReportMetric(float64(time.Since(began).Milliseconds()), "ms/flush")
	close(done)
	<-ended
	slices.Sort(waits)
	b.ReportMetric(float64(waits[len(waits)*99/100].Microseconds())/1000, "ms/insert-p99")
	b.ReportMetric(float64(waits[len(waits)-1].Microseconds())/1000, "ms/insert-max")
}
