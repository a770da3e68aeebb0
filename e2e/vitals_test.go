package e2e

import (
	"database/sql"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"earshot/internal/testkit"
)

// vitals is what a program that runs for months must not have ever more of.
type vitals struct {
	heap, rss, database float64 // bytes; heap is what was in use at the last collection
	goroutines, fds     float64
}

// vitals are those of the program now, by its metrics.
func (b *bridge) vitals(t *testing.T, token string) vitals {
	t.Helper()
	body := b.metrics(t, token)
	return vitals{
		heap: sample(t, body, "go_gc_heap_live_bytes"), rss: sample(t, body, "process_resident_memory_bytes"), database: b.database(t),
		goroutines: sample(t, body, "go_goroutines"), fds: sample(t, body, "process_open_fds"),
	}
}

// metrics are what Prometheus would get.
func (b *bridge) metrics(t *testing.T, token string) string {
	t.Helper()
	status, body := b.scrape(t, token)
	if status != 200 {
		t.Fatalf("the metrics answer %d", status)
	}
	return body
}

// sample is the sum of a metric over all its labels.
func sample(t *testing.T, body, name string) (sum float64) {
	t.Helper()
	found := false
	for line := range strings.Lines(body) {
		rest, ok := strings.CutPrefix(line, name)
		if !ok || rest[0] != ' ' && rest[0] != '{' {
			continue
		}
		value, err := strconv.ParseFloat(strings.TrimSpace(rest[strings.LastIndex(rest, " "):]), 64)
		if err != nil {
			t.Fatalf("metric %s: %v", name, err)
		}
		sum, found = sum+value, true
	}
	if !found {
		t.Fatalf("there is no metric %s", name)
	}
	return sum
}

// database is how much the database uses for everything but the access log, which remembers each deletion for 400 days and so grows with what is
// done. The journal beside it is left out: it has a size of its own, which SQLite keeps it to.
func (b *bridge) database(t *testing.T) (size float64) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(b.dir, "data", "history.db")+"?mode=ro&_pragma=busy_timeout(10000)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.QueryRowContext(t.Context(), `SELECT sum(pgsize) FROM dbstat WHERE name NOT LIKE '%accesses%'`).Scan(&size); err != nil {
		t.Fatalf("size of the database: %v", err)
	}
	return size
}

// clips counts the recordings on disk.
func (b *bridge) clips(t *testing.T) (n int) {
	t.Helper()
	err := filepath.WalkDir(filepath.Join(b.dir, "data", "clips"), func(path string, _ fs.DirEntry, err error) error {
		if strings.HasSuffix(path, ".age") {
			n++
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func (v vitals) String() string {
	const kb = 1 << 10
	return fmt.Sprintf("heap %.0f KB, %.0f goroutines, %.0f open files, %.0f KB of memory, database %.0f KB", v.heap/kb, v.goroutines, v.fds, v.rss/kb, v.database/kb)
}

// grown compares the second quarter of a series with the last one and tells what has become more. The first quarter is for
// getting warm.
func grown(series []vitals) (complaints []string) {
	n := len(series)
	for _, m := range []struct {
		what  string
		of    func(vitals) float64
		pick  func([]float64) float64
		share float64 // of what there was that may come on top, and
		slack float64 // so much besides
	}{
		{"heap", func(v vitals) float64 { return v.heap }, slices.Min[[]float64], 0.05, 512 << 10}, // at the quietest moment: each recording takes some
		{"memory", func(v vitals) float64 { return v.rss }, median, 0.15, 4 << 20},                 // what the collector keeps for later goes up and down
		{"database", func(v vitals) float64 { return v.database }, median, 0.1, 128 << 10},
		{"goroutines", func(v vitals) float64 { return v.goroutines }, slices.Min[[]float64], 0, 2},
		{"open files", func(v vitals) float64 { return v.fds }, slices.Min[[]float64], 0, 2},
	} {
		before, after := m.pick(values(series[n/4:n/2], m.of)), m.pick(values(series[3*n/4:], m.of))
		if after > before*(1+m.share)+m.slack {
			complaints = append(complaints, fmt.Sprintf("%s grew from %.0f to %.0f", m.what, before, after))
		}
	}
	return complaints
}

func values(series []vitals, of func(vitals) float64) (list []float64) {
	for _, v := range series {
		list = append(list, of(v))
	}
	return list
}

func median(list []float64) float64 {
	slices.Sort(list)
	return list[len(list)/2]
}

// checkFlat fails the test for whatever has grown, and shows the series.
func checkFlat(t *testing.T, series []vitals) {
	t.Helper()
	if len(series) < 8 {
		t.Fatalf("%d looks are too few to tell whether anything grows", len(series))
	}
	for i := range 9 {
		t.Logf("look %3d: %v", i*(len(series)-1)/8, series[i*(len(series)-1)/8])
	}
	for _, complaint := range grown(series) {
		t.Error(complaint)
	}
}

// settle waits until there are no more goroutines and open files than before something, but for those of the database: each connection that it
// has opened meanwhile, and keeps, is three files and a goroutine.
func (b *bridge) settle(t *testing.T, token string, before vitals) {
	t.Helper()
	var now vitals
	if !testkit.Poll(patience, func() bool {
		now = b.vitals(t, token)
		return now.goroutines <= before.goroutines+4 && now.fds <= before.fds+6
	}) {
		t.Errorf("afterwards there are: %v; before there were: %v", now, before)
	}
}

// TestGrown: small leaks are seen, and what goes up and down is not taken for one.
func TestGrown(t *testing.T) {
	series := func(change func(i int, v *vitals)) (s []vitals) {
		for i := range 100 {
			v := vitals{heap: 5 << 20, rss: 40 << 20, database: 1 << 20, goroutines: 40, fds: 30}
			change(i, &v)
			s = append(s, v)
		}
		return s
	}
	for _, c := range []struct {
		what string
		seen bool
		s    []vitals
	}{
		{"nothing", false, series(func(int, *vitals) {})},
		{"up and down", false, series(func(i int, v *vitals) {
			v.heap += float64(i % 5 << 20)
			v.goroutines += float64(i % 7)
			v.rss += float64(i % 9 << 20)
		})},
		{"only while it gets warm", false, series(func(i int, v *vitals) { v.heap += float64(min(i, 20) << 20); v.fds += float64(min(i, 20)) })},
		{"a goroutine every tenth look", true, series(func(i int, v *vitals) { v.goroutines += float64(i / 10) })},
		{"a file every tenth look", true, series(func(i int, v *vitals) { v.fds += float64(i / 10) })},
		{"40 KB each look", true, series(func(i int, v *vitals) { v.heap += float64(i * 40 << 10) })},
		{"the database", true, series(func(i int, v *vitals) { v.database += float64(i * 10 << 10) })},
	} {
		if got := grown(c.s); (len(got) > 0) != c.seen {
			t.Errorf("%s: %v", c.what, got)
		}
	}
}
