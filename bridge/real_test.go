package bridge_test

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/rs/zerolog"

	"earshot/bridge"
	"earshot/detector"
	"earshot/detector/silero"
	"earshot/history"
	"earshot/history/files"
	"earshot/history/sqlite"
	"earshot/internal/assist"
	"earshot/internal/audio"
	"earshot/internal/testkit"
	"earshot/internal/wyoming"
	"earshot/internal/wyoming/wyomingtest"
)

// words are the wake words of the tests with real parts.
var words = []string{"okay_nabu", "alexa"}

// realDeps are a detector and an endpointer with the packaged models.
func realDeps(t testing.TB) bridge.Deps {
	t.Helper()
	const dir = "../models"
	var models []*detector.Model
	for _, w := range words {
		m, err := detector.LoadModel(filepath.Join(dir, w+".json"))
		if err != nil {
			t.Fatalf("%v (make models fetches the models)", err)
		}
		models = append(models, m)
	}
	d, err := detector.New(models...)
	if err != nil {
		t.Fatal(err)
	}
	vad, err := silero.Load(filepath.Join(dir, "silero_vad_16k_op15.onnx"))
	if err != nil {
		t.Fatalf("%v (make models fetches the models)", err)
	}
	return bridge.Deps{
		Detector: d, Refused: d.Refused, Log: zerolog.Nop(), Language: "en",
		NewEndpointer: func() *detector.Endpointer {
			return detector.NewEndpointer(vad.NewStream(), detector.EndpointConfig{})
		},
	}
}

// realConfig is a satellite on a recording that is played as fast as it is taken.
func realConfig(wav string) bridge.Config {
	cfg := bridge.DefaultConfig()
	cfg.ID = "kitchen"
	cfg.WakeWords = nil
	for _, w := range words {
		cfg.WakeWords = append(cfg.WakeWords, bridge.WakeWord{Model: w})
	}
	cfg.Microphone.Driver, cfg.Microphone.Device, cfg.Microphone.Pace = "file", wav, "fast"
	return cfg
}

// openHistory is a history in a folder of its own, which is closed when the test ends.
func openHistory(t *testing.T) *history.History {
	t.Helper()
	dir := t.TempDir()
	store, err := sqlite.Open(t.Context(), filepath.Join(dir, "history.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	blobs, err := files.Open(filepath.Join(dir, "clips"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { blobs.Close() })
	cfg := history.DefaultConfig()
	cfg.Dir, cfg.TimeZone = dir, "Europe/Berlin"
	h, err := history.New(t.Context(), cfg, history.Parts{Store: store, Blobs: blobs})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// hearFile runs a satellite until its recording was played to the end and it is idle again, and returns the events.
func hearFile(t *testing.T, cfg bridge.Config, deps bridge.Deps) []bridge.Event {
	t.Helper()
	deps.Microphone = audio.NewMicrophone(cfg.Microphone, zerolog.Nop())
	s := bridge.NewSatellite(cfg, deps)
	sub := s.Subscribe(100)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	var events []bridge.Event
	for e := range sub.C() {
		events = append(events, e)
		if status := s.Status(); status.Microphone.State == audio.Ended && status.State == bridge.Idle {
			cancel()
		}
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if err := context.Cause(ctx); err != context.Canceled {
		t.Errorf("the recording did not end: %v", err)
	}
	return events
}

// TestRealParts plays recordings to a satellite of real parts: microphone, models, end of speech, Wyoming client, history.
func TestRealParts(t *testing.T) {
	for _, c := range []struct {
		file string
		text string // the server answers; "-": there is none
		want history.Entry
		sent bool // something goes to the server
	}{
		{"okay_nabu_light_on.wav", "turn on the kitchen light", history.Entry{WakeWord: "okay_nabu", Outcome: history.Understood, Transcript: "turn on the kitchen light", Language: "en"}, true},
		{"okay_nabu_light_on.wav", "", history.Entry{WakeWord: "okay_nabu", Outcome: history.NotIntended}, true},
		{"okay_nabu_light_on.wav", "-", history.Entry{WakeWord: "okay_nabu", Outcome: history.Recorded}, false},
		{"okay_nabu_silence.wav", "nothing", history.Entry{WakeWord: "okay_nabu", Outcome: history.NotIntended}, false},
		{"alexa_light_on.wav", "on", history.Entry{WakeWord: "alexa", Outcome: history.Understood, Transcript: "on", Language: "en"}, true},
		{"hey_mycroft_light_on.wav", "on", history.Entry{}, false},
	} {
		t.Run(c.file+" "+c.text, func(t *testing.T) {
			testkit.NoLeaks(t)
			path := filepath.Join("../testdata/audio", c.file)
			played := readWAV(t, path)
			hist := openHistory(t)
			server := wyomingtest.New(t)
			server.Script(wyomingtest.Reply{Text: c.text})
			deps := realDeps(t)
			deps.History, deps.Settings = hist, hist
			if c.text != "-" {
				client, err := wyoming.New(server.Addr(), zerolog.Nop())
				if err != nil {
					t.Fatal(err)
				}
				deps.Transcriber = wyomingWords{client}
			}
			hearFile(t, realConfig(path), deps)

			if sent := server.Connections() > 0; sent != c.sent {
				t.Errorf("something was sent: %v, want %v", sent, c.sent)
			}
			page, err := hist.List(t.Context(), history.Query{})
			if err != nil {
				t.Fatal(err)
			}
			if c.want.WakeWord == "" {
				if len(page.Entries) != 0 {
					t.Errorf("entries: %+v", page.Entries)
				}
				return
			}
			if len(page.Entries) != 1 {
				t.Fatalf("%d entries, want one", len(page.Entries))
			}
			got := page.Entries[0]
			c.want.Satellite = "kitchen"
			ignore := cmpopts.IgnoreFields(history.Entry{}, "ID", "At", "Zone", "Duration", "Score", "Threshold", "Clip", "Peaks", "Timings")
			if diff := cmp.Diff(c.want, got, ignore); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if got.Score <= got.Threshold || got.Threshold == 0 {
				t.Errorf("score %v, threshold %v", got.Score, got.Threshold)
			}
			clip := readClip(t, hist, got.ID)
			at := position(played, clip)
			if at < 0 {
				t.Fatal("the clip is not a piece of the recording")
			}
			if end := at + len(clip); c.file == "okay_nabu_silence.wav" && end < len(played) {
				t.Errorf("the clip ends at %v, before the recording does", seconds(end))
			}
			if c.sent {
				checkSent(t, server.Utterances(), clip)
			}
		})
	}
}

// checkSent wants the server to have had the end of the clip, from the wake instant on.
func checkSent(t *testing.T, all []wyomingtest.Utterance, clip []int16) {
	t.Helper()
	if len(all) != 1 || !all[0].Stopped || all[0].Language != "en" {
		t.Fatalf("the server had %d utterances, or not the whole one", len(all))
	}
	pcm := all[0].PCM
	if len(pcm) == 0 || len(pcm) >= len(clip) || !slices.Equal(pcm, clip[len(clip)-len(pcm):]) {
		t.Errorf("the server had %d samples that are not the end of the clip, which has %d", len(pcm), len(clip))
	}
	if loud := rms(pcm); loud < 100 {
		t.Errorf("what was sent is silent: RMS %.1f", loud)
	}
}

func readWAV(t *testing.T, path string) []int16 {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	pcm, err := audio.ReadWAV(f)
	if err != nil {
		t.Fatal(err)
	}
	return pcm
}

func readClip(t *testing.T, h *history.History, id string) []int16 {
	t.Helper()
	r, _, err := h.OpenClip(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	pcm, err := history.DecodeFLAC(r)
	if err != nil {
		t.Fatal(err)
	}
	return pcm
}

// position finds a clip in a recording, sample for sample; -1 when it is not there. The microphone fills the last frame up with silence.
func position(played, clip []int16) int {
	played = append(slices.Clone(played), make([]int16, audio.FrameSamples)...)
	for at := 0; at+len(clip) <= len(played); at++ {
		if slices.Equal(played[at:at+len(clip)], clip) {
			return at
		}
	}
	return -1
}

func rms(pcm []int16) float64 {
	sum := 0.0
	for _, v := range pcm {
		sum += float64(v) * float64(v)
	}
	return math.Sqrt(sum / float64(len(pcm)))
}

func seconds(samples int) time.Duration {
	return time.Duration(samples) * time.Second / audio.SampleRate
}

// TestServerIsDown wants a dead server to make a failed entry that has its audio and a sentence for people.
func TestServerIsDown(t *testing.T) {
	testkit.NoLeaks(t)
	server := wyomingtest.New(t)
	server.Close()
	client, err := wyoming.New(server.Addr(), zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	hist := openHistory(t)
	deps := realDeps(t)
	deps.History, deps.Settings, deps.Transcriber = hist, hist, wyomingWords{client}
	events := hearFile(t, realConfig("../testdata/audio/okay_nabu_light_on.wav"), deps)
	i := slices.IndexFunc(events, func(e bridge.Event) bool { return e.Kind == bridge.Added })
	if i < 0 {
		t.Fatal("no entry")
	}
	e := events[i].Entry
	if e.Outcome != history.Failed || e.Clip == nil || e.Error == nil || e.Error.Code != "stt-stream-failed" {
		t.Fatalf("entry %+v", e)
	}
	if want := "Speech-to-text failed, or could not be reached: is it running?"; e.Error.Message != want {
		t.Errorf("message %q, want %q", e.Error.Message, want)
	}
}

func TestFramesAllocateNothing(t *testing.T) {
	s, frames := silentSatellite(t)
	feed := func() { s.Frame(frames()) }
	if n := testing.AllocsPerRun(300, feed); n != 0 {
		t.Errorf("%v allocations per idle frame", n)
	}
}

// TestRecordedFramesAllocateNothing measures within the command of a recording.
func TestRecordedFramesAllocateNothing(t *testing.T) {
	s, _ := silentSatellite(t)
	pcm := readWAV(t, "../testdata/audio/okay_nabu_light_on.wav")
	f := &audio.Frame{}
	feed := func() {
		pcm = pcm[copy(f.PCM[:], pcm):]
		f.Sample += audio.FrameSamples
		s.Frame(f)
	}
	for s.Status().State != bridge.Listening {
		feed()
	}
	if n := testing.AllocsPerRun(150, feed); n != 0 {
		t.Errorf("%v allocations per recorded frame", n)
	}
	if state := s.Status().State; state != bridge.Listening {
		t.Errorf("%s: the command was over before all was measured", state)
	}
}

// silentSatellite is one that has two wake words and is fed by hand with a microphone's noise.
func silentSatellite(t testing.TB) (*bridge.Satellite, func() *audio.Frame) {
	deps := realDeps(t)
	deps.Microphone = audio.NewMicrophone(audio.DefaultConfig(), zerolog.Nop())
	f := &audio.Frame{}
	return bridge.NewSatellite(realConfig(""), deps), func() *audio.Frame {
		f.Sample += audio.FrameSamples
		for i := range f.PCM {
			f.PCM[i] = int16((int(f.Sample)+i)*7919%601 - 300)
		}
		return f
	}
}

// BenchmarkFrame is 10 ms of an idle satellite with two wake words.
func BenchmarkFrame(b *testing.B) {
	s, frames := silentSatellite(b)
	b.ReportAllocs()
	for b.Loop() {
		s.Frame(frames())
	}
}

// wyomingWords lets a Wyoming server be a Transcriber.
type wyomingWords struct{ *wyoming.Client }

func (w wyomingWords) Transcribe(ctx context.Context, req assist.SpeechRequest, frames <-chan []int16) (assist.Transcript, error) {
	text, err := w.Client.Transcribe(ctx, req.Language, frames)
	return assist.Transcript{Text: text}, err
}
