package files_test

import (
	"encoding/binary"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/oklog/ulid/v2"

	"earshot/history"
	"earshot/history/files"
)

// clips makes n ids, one every 20 minutes, and lets put store them by eight at once.
func clips(t testing.TB, b *files.Blobs, n, size int) []string {
	t.Helper()
	ids := make([]string, n)
	begin := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range ids {
		u := ulid.ULID{}
		_ = u.SetTime(ulid.Timestamp(begin.Add(time.Duration(i) * 20 * time.Minute))) // fits
		binary.BigEndian.PutUint64(u[8:], uint64(i))
		ids[i] = u.String()
	}
	data, done := make([]byte, size), make(chan error)
	const writers = 8
	for part := range slices.Chunk(ids, (n+writers-1)/writers) {
		go func() {
			var err error
			for _, id := range part {
				if err == nil {
					err = b.Put(t.Context(), id, data)
				}
			}
			done <- err
		}()
	}
	for range (n + (n+writers-1)/writers - 1) / ((n + writers - 1) / writers) {
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	return ids
}

// TestPutWhileDeleting stores clips while a long deletion goes on: it does not wait for the end.
func TestPutWhileDeleting(t *testing.T) {
	const many = 8000
	b := open(t, t.TempDir())
	ids := clips(t, b, many, 1)
	done := make(chan error, 1)
	go func() { done <- b.Delete(t.Context(), ids) }()
	left := func() (n int) {
		if err := b.List(t.Context(), func(history.BlobInfo) error { n++; return nil }); err != nil {
			t.Fatal(err)
		}
		return n
	}
	for left() == many { // it has not begun
		select {
		case err := <-done:
			t.Fatalf("deleted before anything could be seen of it: %v", err)
		default:
		}
	}
	if err := b.Put(t.Context(), someID, []byte("x")); err != nil {
		t.Fatal(err)
	}
	if n := left(); n == 1 {
		t.Error("a clip was stored only when the deletion was over")
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if n := left(); n != 1 {
		t.Errorf("%d clips are left, want the one that was stored meanwhile", n)
	}
}

// BenchmarkDelete deletes clips of 100 kB, the folders' syncs included: unlinks/s. With clips being stored beside it, also how long these take.
func BenchmarkDelete(b *testing.B) {
	const many, size = 5000, 100_000
	for _, beside := range []bool{false, true} {
		name := "alone"
		if beside {
			name = "beside_puts"
		}
		b.Run(name, func(b *testing.B) {
			blobs, err := files.Open(b.TempDir())
			if err != nil {
				b.Fatal(err)
			}
			defer blobs.Close()
			var spent time.Duration
			var puts []time.Duration
			for b.Loop() {
				b.StopTimer()
				ids := clips(b, blobs, many, size)
				b.StartTimer()
				stop, ended := make(chan struct{}), make(chan []time.Duration, 1)
				go func() { ended <- putUntil(b, blobs, beside, stop) }()
				began := time.Now()
				err := blobs.Delete(b.Context(), ids)
				spent += time.Since(began)
				close(stop)
				puts = append(puts, <-ended...)
				if err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(many*b.N)/spent.Seconds(), "unlinks/s")
			if len(puts) > 0 {
				slices.Sort(puts)
				b.ReportMetric(float64(puts[len(puts)*99/100].Microseconds())/1000, "put-p99-ms")
				b.ReportMetric(float64(puts[len(puts)-1].Microseconds())/1000, "put-max-ms")
			}
		})
	}
}

// putUntil stores clips one after the other and returns how long each took.
func putUntil(b *testing.B, blobs *files.Blobs, on bool, stop <-chan struct{}) (took []time.Duration) {
	data := []byte(strings.Repeat("x", 100_000))
	for on {
		select {
		case <-stop:
			return took
		default:
		}
		began := time.Now()
		if err := blobs.Put(b.Context(), someID, data); err != nil {
			b.Error(err)
			return took
		}
		took = append(took, time.Since(began))
	}
	return nil
}
