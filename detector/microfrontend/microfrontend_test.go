package microfrontend_test

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/google/go-cmp/cmp"

	"earshot/detector/microfrontend"
)

// recording is what the reference front end made of one WAV file.
type recording struct {
	Frames int    `json:"frames"`
	U16LE  []byte `json:"u16le"`
}

func TestFeatures(t *testing.T) {
	t.Parallel()
	var recordings map[string]recording
	microfrontend.ReadJSON(t, "features.json.gz", &recordings)
	if len(recordings) != 6 {
		t.Fatalf("there are %d recordings, want 6", len(recordings))
	}
	for name, want := range recordings {
		pcm := microfrontend.ReadWAV(t, name)
		for _, chunk := range []int{1, 160, 1280, len(pcm)} {
			got := features(microfrontend.New(), pcm, chunk)
			checkFeatures(t, name, got, want)
		}
	}
}

func TestResetForgets(t *testing.T) {
	t.Parallel()
	var recordings map[string]recording
	microfrontend.ReadJSON(t, "features.json.gz", &recordings)
	speech := recordings["speech"]
	f := microfrontend.New()
	features(f, microfrontend.ReadWAV(t, "noise")[:30001], 160)
	f.Reset()
	checkFeatures(t, "speech", features(f, microfrontend.ReadWAV(t, "speech"), 160), speech)
}

func TestExtremesDoNotDisturb(t *testing.T) {
	t.Parallel()
	f := microfrontend.New()
	loud := make([]int16, 16000)
	for i := range loud {
		loud[i] = -32768
		if i/7%2 == 1 {
			loud[i] = 32767
		}
	}
	highest := uint16(0)
	for _, frame := range features(f, loud, 160) {
		for _, v := range frame {
			highest = max(highest, v)
		}
	}
	// A full-scale square wave after silence is the loudest there is; 16 bits times the gain bound the logarithm.
	if highest < 600 || highest > 800 {
		t.Errorf("the highest feature of a full-scale square wave is %d", highest)
	}
}

func TestProcessDoesNotAllocate(t *testing.T) {
	f := microfrontend.New()
	pcm := make([]int16, microfrontend.StepSamples)
	var frame [microfrontend.Channels]uint16
	if n := testing.AllocsPerRun(100, func() { f.Process(pcm, &frame) }); n != 0 {
		t.Errorf("a frame takes %v allocations", n)
	}
}

func BenchmarkFrontend(b *testing.B) {
	pcm := microfrontend.ReadWAV(b, "speech")
	f := microfrontend.New()
	var frame [microfrontend.Channels]uint16
	b.ReportAllocs()
	at := 0
	for b.Loop() {
		f.Process(pcm[at:at+microfrontend.StepSamples], &frame)
		if at += microfrontend.StepSamples; at+microfrontend.StepSamples > len(pcm) {
			at = 0
		}
	}
}

// features feeds pcm in chunks and returns all frames.
func features(f *microfrontend.FrontEnd, pcm []int16, chunk int) [][microfrontend.Channels]uint16 {
	var frames [][microfrontend.Channels]uint16
	for len(pcm) > 0 {
		part := pcm[:min(chunk, len(pcm))]
		pcm = pcm[len(part):]
		for len(part) > 0 {
			var frame [microfrontend.Channels]uint16
			used, complete := f.Process(part, &frame)
			part = part[used:]
			if complete {
				frames = append(frames, frame)
			}
		}
	}
	return frames
}

func checkFeatures(t *testing.T, name string, got [][microfrontend.Channels]uint16, want recording) {
	t.Helper()
	frames := make([][microfrontend.Channels]uint16, want.Frames)
	if err := binary.Read(bytes.NewReader(want.U16LE), binary.LittleEndian, frames); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if diff := cmp.Diff(frames, got); diff != "" {
		t.Errorf("%s: features (-want +got):\n%.2000s", name, diff)
	}
}
