package metrics

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"earshot/history"
)

// counter counts what is kept of one satellite, or of all when satellite is empty; *history.History is one.
type counter interface {
	Totals(ctx context.Context, f history.Filter) (history.Totals, error)
}

const (
	countSpacing = 10 * time.Second // a count reads every row
	countLimit   = 5 * time.Second
)

// totals reports what the history keeps, as it was a moment ago.
type totals struct {
	history counter

	mu      sync.Mutex // guards what follows
	counted time.Time  // zero before the first count
	newest  history.Totals
	err     error // of the last count
}

// entriesDesc and bytesDesc describe what totals reports.
func entriesDesc() *prometheus.Desc {
	return prometheus.NewDesc("earshot_history_entries", "Entries in the voice history.", nil, nil)
}

func bytesDesc() *prometheus.Desc {
	return prometheus.NewDesc("earshot_history_clip_bytes", "Size of the stored audio.", nil, nil)
}

// refresh counts again when the last count is old.
func (t *totals) refresh(ctx context.Context) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.counted.IsZero() && time.Since(t.counted) < countSpacing {
		return t.err
	}
	limited, cancel := context.WithTimeout(ctx, countLimit)
	defer cancel()
	newest, err := t.history.Totals(limited, history.Filter{})
	if err != nil {
		err = fmt.Errorf("count the history: %w", err)
	}
	if ctx.Err() != nil {
		return err // nobody waits for it: that says nothing about the history
	}
	t.counted, t.newest, t.err = time.Now(), newest, err
	return err
}

// Describe is for the registry.
func (t *totals) Describe(ch chan<- *prometheus.Desc) {
	ch <- entriesDesc()
	ch <- bytesDesc()
}

// Collect is for the registry.
func (t *totals) Collect(ch chan<- prometheus.Metric) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.counted.IsZero() || t.err != nil {
		return // not known, which is not zero
	}
	ch <- constant(entriesDesc(), prometheus.GaugeValue, float64(t.newest.Entries))
	ch <- constant(bytesDesc(), prometheus.GaugeValue, float64(t.newest.Stored))
}
