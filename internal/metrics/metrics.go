// Package metrics counts what happens to the satellites, and tells it and their state in Prometheus' text format.
package metrics

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/common/expfmt"

	"earshot/history"
)

// Config is what is measured.
type Config struct {
	Version    string
	Satellites []Satellite
	State      func() State // how everything is now; asked for each report
	History    counter
}

// Satellite names a satellite and the wake words it listens for: only these become labels.
type Satellite struct {
	ID        string
	WakeWords []string
}

// Metrics are the measured values of one process. All methods are safe for concurrent use.
type Metrics struct {
	registry *prometheus.Registry
	totals   *totals

	wakes      *prometheus.CounterVec
	recordings *prometheus.CounterVec
	decision   *prometheus.HistogramVec
	speechEnd  *prometheus.HistogramVec
	transcript *prometheus.HistogramVec
	reply      *prometheus.HistogramVec
	refused    prometheus.Counter
	reloads    *prometheus.CounterVec
	reloaded   prometheus.Gauge
}

// The results of reading the configuration again.
const (
	Reloaded = "ok"
	Rejected = "rejected" // something is wrong with it, and nothing has changed
)

// New begins at zero.
func New(cfg Config) (*Metrics, error) {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		totals:   &totals{history: cfg.History},
		wakes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "earshot_wakes_total", Help: "Wake words that began a recording.",
		}, []string{"satellite", "wake_word"}),
		recordings: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "earshot_recordings_total", Help: "Recordings that the history took, by how they ended.",
		}, []string{"satellite", "outcome"}),
		decision: steps("earshot_second_look_seconds", "From the wake word to the decision of the second look that it was one, with the work for it.",
			[]float64{0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.6, 1}),
		speechEnd:  steps("earshot_wake_to_speech_end_seconds", "From the wake word to the last word of a command.", speechBuckets()),
		transcript: steps("earshot_speech_end_to_transcript_seconds", "From the last word of a command to its text.", answerBuckets()),
		reply:      steps("earshot_transcript_to_reply_seconds", "From the text of a command to the reply.", answerBuckets()),
		refused: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "earshot_sign_in_failures_total", Help: "Wrong access tokens and codes, and people whom Home Assistant did not sign in.",
		}),
	}
	m.reloads = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "earshot_config_reloads_total", Help: "How often the configuration was read again while the bridge ran, by what came of it.",
	}, []string{"result"})
	m.reloaded = prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "earshot_config_last_reload_success_timestamp_seconds", Help: "When the configuration that runs was read.",
	})
	build := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "earshot_build_info", Help: "Always 1; the labels tell which program this is.",
		ConstLabels: prometheus.Labels{"version": cfg.Version, "go_version": runtime.Version()},
	}, func() float64 { return 1 })
	var errs []error
	for _, c := range []prometheus.Collector{
		build, m.wakes, m.recordings, m.decision, m.speechEnd, m.transcript, m.reply, m.refused, m.reloads, m.reloaded, newBoard(cfg.State), m.totals,
		collectors.NewGoCollector(collectors.WithGoCollectorRuntimeMetrics(liveHeap())), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	} {
		errs = append(errs, m.registry.Register(c))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("set up metrics: %w", err)
	}
	for _, s := range cfg.Satellites {
		m.Begin(s)
	}
	for _, result := range []string{Reloaded, Rejected} {
		m.reloads.WithLabelValues(result)
	}
	m.reloaded.SetToCurrentTime()
	return m, nil
}

// liveHeap is what is really in use of the heap, without what waits to be collected: nothing shows a leak sooner.
func liveHeap() collectors.GoRuntimeMetricsRule {
	return collectors.GoRuntimeMetricsRule{Matcher: regexp.MustCompile(`^/gc/heap/live:bytes$`)}
}

// Begin shows every counter of a satellite at zero, or as it is, so that its first step is an increase too.
func (m *Metrics) Begin(s Satellite) {
	for _, word := range s.WakeWords {
		m.wakes.WithLabelValues(s.ID, word)
	}
	for _, outcome := range history.Outcomes() {
		m.recordings.WithLabelValues(s.ID, string(outcome))
	}
	for _, step := range []*prometheus.HistogramVec{m.decision, m.speechEnd, m.transcript, m.reply} {
		step.WithLabelValues(s.ID)
	}
}

// End forgets what was counted of a satellite that is no more.
func (m *Metrics) End(satellite string) {
	of := prometheus.Labels{"satellite": satellite}
	m.wakes.DeletePartialMatch(of)
	m.recordings.DeletePartialMatch(of)
	for _, step := range []*prometheus.HistogramVec{m.decision, m.speechEnd, m.transcript, m.reply} {
		step.DeletePartialMatch(of)
	}
}

// ReadAgain counts a reading of the configuration; result is Reloaded or Rejected.
func (m *Metrics) ReadAgain(result string) {
	m.reloads.WithLabelValues(result).Inc()
	if result == Reloaded {
		m.reloaded.SetToCurrentTime()
	}
}

func steps(name, help string, buckets []float64) *prometheus.HistogramVec {
	return prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets}, []string{"satellite"})
}

// speechBuckets are limits in seconds for what people say; a recording ends after 15 s.
func speechBuckets() []float64 { return []float64{0.5, 1, 1.5, 2, 3, 4, 6, 8, 11, 15} }

// answerBuckets are limits in seconds for what machines take: a model on this box, an agent elsewhere, and one that is given up after 30 s.
func answerBuckets() []float64 { return []float64{0.05, 0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 30} }

// Woke counts a wake word that began a recording.
func (m *Metrics) Woke(satellite, wakeWord string) {
	m.wakes.WithLabelValues(satellite, wakeWord).Inc()
}

// Decided notes how long a second look has held up a wake word.
func (m *Metrics) Decided(satellite string, took time.Duration) {
	m.decision.WithLabelValues(satellite).Observe(took.Seconds())
}

// SignInFailed counts somebody who was not let in.
func (m *Metrics) SignInFailed() { m.refused.Inc() }

// Recorded counts an entry of the history, and how long its steps took as far as they were reached.
func (m *Metrics) Recorded(e history.Entry) {
	m.recordings.WithLabelValues(e.Satellite, string(e.Outcome)).Inc()
	t := e.Timings
	if t.SpeechEnd != 0 {
		m.speechEnd.WithLabelValues(e.Satellite).Observe(t.SpeechEnd.Seconds())
	}
	observe(m.transcript.WithLabelValues(e.Satellite), t.SpeechEnd, t.Transcript)
	observe(m.reply.WithLabelValues(e.Satellite), t.Transcript, t.Reply)
}

// observe notes a step between two offsets that were both reached.
func observe(step prometheus.Observer, from, to time.Duration) {
	if from != 0 && to != 0 {
		step.Observe(max(0, to-from).Seconds()) // a server that finds the end of speech itself may be ahead of ours
	}
}

// Write reports everything in Prometheus' text format. After an error the report lacks only what the error names.
func (m *Metrics) Write(ctx context.Context, w io.Writer) error {
	err := m.totals.refresh(ctx)
	families, gathered := m.registry.Gather()
	err = errors.Join(err, gathered)
	for _, f := range families {
		if _, failed := expfmt.MetricFamilyToText(w, f); failed != nil {
			return fmt.Errorf("write metrics: %w", errors.Join(err, failed))
		}
	}
	return err
}
