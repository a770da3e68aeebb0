package s3_test

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/oklog/ulid/v2"
	"golang.org/x/sync/errgroup"

	"earshot/history/s3"
	"earshot/history/s3/s3test"
)

// BenchmarkDelete deletes clips of 100 kB that were made every 20 minutes, on a server on this machine.
func BenchmarkDelete(b *testing.B) {
	for name, versions := range map[string]bool{"plain": false, "versions": true} {
		b.Run(name, func(b *testing.B) {
			server := s3test.Start(b)
			server.Bucket(bucket)
			if versions {
				server.KeepVersions(bucket)
			}
			blobs, err := s3.Open(b.Context(), config(server, "house"))
			if err != nil {
				b.Fatal(err)
			}
			defer blobs.Close()
			const many = 2000
			var spent, putting time.Duration
			for b.Loop() {
				began := time.Now()
				ids := fill(b, blobs, many)
				putting += time.Since(began)
				began = time.Now()
				if err := blobs.Delete(b.Context(), ids); err != nil {
					b.Fatal(err)
				}
				spent += time.Since(began)
			}
			b.ReportMetric(float64(many*b.N)/spent.Seconds(), "deleted/s")
			b.ReportMetric(float64(many*b.N)/putting.Seconds(), "stored/s")
		})
	}
}

// fill stores many clips, eight at once.
func fill(b *testing.B, blobs *s3.Blobs, many int) []string {
	b.Helper()
	begin, data, ids := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), make([]byte, 100_000), make([]string, many)
	var writers errgroup.Group
	writers.SetLimit(8)
	for n := range ids {
		u := ulid.ULID{}
		_ = u.SetTime(ulid.Timestamp(begin.Add(time.Duration(n) * 20 * time.Minute))) // fits
		binary.BigEndian.PutUint64(u[8:], uint64(n))
		ids[n] = u.String()
		writers.Go(func() error { return blobs.Put(b.Context(), ids[n], data) })
	}
	if err := writers.Wait(); err != nil {
		b.Fatal(err)
	}
	return ids
}
