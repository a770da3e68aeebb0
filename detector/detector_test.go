package detector_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"earshot/detector"
	"earshot/internal/testkit"
)

// packaged are the models that `make models` fetches.
var packaged = []string{"alexa", "hey_jarvis", "hey_mycroft", "okay_nabu"}

// reference is what the C library made of each recording, by the model's sha256.
type reference struct {
	Stride int `json:"stride"`
	WAVs   map[string]struct {
		C []int `json:"c"`
	} `json:"wavs"`
}

func TestInferencesEqualTheLibrary(t *testing.T) {
	t.Parallel()
	var references map[string]reference
	readVectors(t, "outputs.json.gz", &references)
	for _, id := range packaged {
		want, ok := references[modelSum(t, id)]
		if !ok || len(want.WAVs) != 6 {
			t.Fatalf("there are no vectors for %s", id)
		}
		for wav, outputs := range want.WAVs {
			d := newDetector(t, id)
			var got []int
			d.Trace(func(hit detector.Detection) {
				got = append(got, int(math.Round(hit.Peak*255)))
				if n := int64(480 + 160*(len(got)*want.Stride-1)); hit.Sample != n {
					t.Errorf("%s, %s: inference %d is at sample %d, want %d", id, wav, len(got), hit.Sample, n)
				}
			})
			d.Process(readWAV(t, wav))
			if diff := cmp.Diff(outputs.C, got); diff != "" {
				t.Errorf("%s, %s: outputs (-want +got):\n%.2000s", id, wav, diff)
			}
		}
	}
}

// detections are the frames in which the recommended rule fires, by recording and model.
type detections map[string]map[string]struct {
	SHA256 string  `json:"sha256"`
	Own    []int64 `json:"own"`
}

func TestDetectionsOfTheRule(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile(filepath.Join("testdata", "detections.json"))
	if err != nil {
		t.Fatal(err)
	}
	var all detections
	if err := json.Unmarshal(data, &all); err != nil {
		t.Fatal(err)
	}
	fired := 0
	for _, wav := range []string{"alexa", "okay_nabu", "hey_jarvis", "silence", "noise", "speech"} {
		want := map[string][]int64{}
		for _, id := range packaged {
			for _, expected := range all[wav] {
				if expected.SHA256 == modelSum(t, id) {
					want[id] = expected.Own
					fired += len(expected.Own)
				}
			}
		}
		for _, chunk := range []int{160, 1000, 1 << 20} {
			got := map[string][]int64{}
			for _, hit := range listen(newDetector(t, packaged...), readWAV(t, wav), chunk) {
				got[hit.Model] = append(got[hit.Model], (hit.Sample-480)/160)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s in chunks of %d (-want +got):\n%s", wav, chunk, diff)
			}
		}
	}
	if fired != 3 {
		t.Errorf("the vectors hold %d detections, want 3", fired)
	}
}

func TestDetectionIsComplete(t *testing.T) {
	t.Parallel()
	got := listen(newDetector(t, "alexa"), readWAV(t, "alexa"), 160)
	if len(got) != 1 {
		t.Fatalf("there are %d detections, want 1", len(got))
	}
	hit := got[0]
	if hit.Score <= 0.89 || hit.Score > hit.Peak || hit.Peak > 1 {
		t.Errorf("score %v and peak %v are not over the cutoff and in order", hit.Score, hit.Peak)
	}
	hit.Score, hit.Peak = 0, 0
	want := detector.Detection{Model: "alexa", WakeWord: "Alexa", Sample: 480 + 160*218, Cutoff: 0.9}
	if diff := cmp.Diff(want, hit); diff != "" {
		t.Errorf("detection (-want +got):\n%s", diff)
	}
}

func TestResetBeginsAgain(t *testing.T) {
	t.Parallel()
	d := newDetector(t, "alexa", "okay_nabu")
	pcm := readWAV(t, "alexa")
	want := slices.Clone(d.Process(pcm))
	d.Process(readWAV(t, "noise")[:12345])
	d.Reset()
	if diff := cmp.Diff(want, d.Process(pcm)); diff != "" {
		t.Errorf("detections after a reset (-want +got):\n%s", diff)
	}
}

func TestWordsAreHeardAgain(t *testing.T) {
	t.Parallel()
	d := newDetector(t, "alexa")
	pcm := readWAV(t, "alexa")
	n := 0
	for range 4 {
		n += len(d.Process(pcm))
	}
	if n != 4 {
		t.Errorf("alexa said four times was heard %d times", n)
	}
}

func TestCutoffChangesWhileRunning(t *testing.T) {
	t.Parallel()
	d := newDetector(t, "alexa", "okay_nabu")
	if got := d.Cutoff("alexa"); got != 0.9 {
		t.Errorf("the cutoff is %v, want the manifest's 0.9", got)
	}
	done := make(chan error)
	go func() {
		var err error
		for i := 0; i < 1000 && err == nil; i++ {
			err = d.SetCutoff("okay_nabu", float64(i%2))
		}
		done <- err
	}()
	pcm := readWAV(t, "alexa")
	d.Process(pcm)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if err := d.SetCutoff("alexa", 1); err != nil {
		t.Fatal(err)
	}
	d.Reset()
	for _, hit := range d.Process(pcm) {
		if hit.Model == "alexa" {
			t.Errorf("a cutoff of 1 let %v through", hit)
		}
	}
	if got := d.Cutoff("alexa"); got != 1 {
		t.Errorf("the cutoff is %v after a reset, want 1", got)
	}
	if err := d.SetCutoff("alexa", 0); err != nil {
		t.Fatal(err)
	}
	d.Reset()
	if hits := d.Process(pcm); len(hits) == 0 {
		t.Error("a cutoff of 0 lets nothing through")
	}
}

func TestSetCutoffErrors(t *testing.T) {
	t.Parallel()
	d := newDetector(t, "alexa")
	for _, c := range []struct {
		model  string
		cutoff float64
		want   string
	}{
		{"computer", 0.5, `set cutoff: there is no model "computer"`},
		{"alexa", 1.01, `set cutoff of "alexa": 1.01 is not within 0 and 1`},
		{"alexa", -0.1, `set cutoff of "alexa": -0.1 is not within 0 and 1`},
		{"alexa", math.NaN(), `set cutoff of "alexa": NaN is not within 0 and 1`},
	} {
		if err := d.SetCutoff(c.model, c.cutoff); err == nil || err.Error() != c.want {
			t.Errorf("cutoff %v of %s: %v, want %s", c.cutoff, c.model, err, c.want)
		}
	}
	if got := d.Cutoff("computer"); got != 0 {
		t.Errorf("the cutoff of a model that is not there is %v", got)
	}
}

func TestNewErrors(t *testing.T) {
	t.Parallel()
	alexa := loadModel(t, "alexa")
	for want, models := range map[string][]*detector.Model{
		"start detector: no model was named":            nil,
		"start detector: a model was not loaded":        {{ID: "empty"}},
		`start detector: model "alexa" was named twice`: {alexa, alexa},
	} {
		if _, err := detector.New(models...); err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

func TestProcessDoesNotAllocate(t *testing.T) {
	d := newDetector(t, packaged...)
	pcm := readWAV(t, "alexa")
	at := 0
	heard := 0
	n := testing.AllocsPerRun(300, func() {
		heard += len(d.Process(pcm[at:][:detector.FrameSamples]))
		at += detector.FrameSamples
	})
	if n != 0 {
		t.Errorf("a frame takes %v allocations", n)
	}
	if heard != 1 {
		t.Errorf("alexa was heard %d times", heard)
	}
}

func BenchmarkInference(b *testing.B) {
	for _, id := range packaged {
		b.Run(id, func(b *testing.B) {
			in := loadModel(b, id).Interpreter()
			x := in.Input()
			for i := range x {
				x[i] = int8(i*37 - 128)
			}
			b.ReportAllocs()
			for b.Loop() {
				in.Run()
			}
		})
	}
}

// BenchmarkDetector takes one frame of 10 ms.
func BenchmarkDetector(b *testing.B) {
	for _, ids := range [][]string{{"alexa"}, {"alexa", "okay_nabu"}} {
		b.Run(strings.Join(ids, "+"), func(b *testing.B) {
			d := newDetector(b, ids...)
			pcm := readWAV(b, "speech")
			b.ReportAllocs()
			at := 0
			for b.Loop() {
				d.Process(pcm[at:][:detector.FrameSamples])
				if at += detector.FrameSamples; at+detector.FrameSamples > len(pcm) {
					at = 0
				}
			}
		})
	}
}

// listen processes pcm in chunks and returns all detections.
func listen(d *detector.Detector, pcm []int16, chunk int) []detector.Detection {
	var all []detector.Detection
	for len(pcm) > 0 {
		n := min(chunk, len(pcm))
		all = append(all, d.Process(pcm[:n])...)
		pcm = pcm[n:]
	}
	return all
}

func newDetector(t testing.TB, ids ...string) *detector.Detector {
	t.Helper()
	var models []*detector.Model
	for _, id := range ids {
		models = append(models, loadModel(t, id))
	}
	d, err := detector.New(models...)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func loadModel(t testing.TB, id string) *detector.Model {
	t.Helper()
	m, err := detector.LoadModel(modelPath(t, id+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func modelSum(t testing.TB, id string) string {
	t.Helper()
	data, err := os.ReadFile(modelPath(t, id+".tflite"))
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// modelPath returns a file of the folder that `make models` fills.
func modelPath(t testing.TB, name string) string {
	t.Helper()
	return testkit.Model(t, "..", name)
}

func readWAV(t testing.TB, name string) []int16 {
	t.Helper()
	return testkit.ReadWAV(t, filepath.Join("testdata", "wav", name+".wav"))
}

func readVectors(t testing.TB, name string, v any) {
	t.Helper()
	testkit.ReadJSON(t, filepath.Join("testdata", name), v)
}
