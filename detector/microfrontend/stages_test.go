package microfrontend

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// referenceTables are those of the reference front end.
type referenceTables struct {
	Window  []int16  `json:"window"`
	Bins    [][4]int `json:"bins"` // bin, slot, weight, 4096 - weight
	GainLUT []int32  `json:"gain_lut"`
	LogLUT  []uint16 `json:"log_lut"`
}

func TestTables(t *testing.T) {
	t.Parallel()
	var want referenceTables
	ReadJSON(t, "tables.json.gz", &want)
	got := newTables()
	check(t, "window", want.Window, got.window[:])
	check(t, "log2", want.LogLUT, got.log2[:])

	var bins [][4]int
	for slot := range slots {
		for bin := int(got.starts[slot]); bin < int(got.starts[slot+1]); bin++ {
			weight := int(got.weights[bin])
			bins = append(bins, [4]int{bin, slot, weight, 4096 - weight})
		}
	}
	check(t, "bins", want.Bins, bins)

	// The reference holds the values at 0 and 1, then from index 6 on four words for each bit length, the last of them unused.
	gain := make([]int32, len(want.GainLUT))
	gain[0], gain[1] = got.unity[0], got.unity[1]
	for n := 2; n < len(got.gain); n++ {
		s := got.gain[n]
		copy(gain[4*n-6:], []int32{s.y0, s.a1, s.a2})
		if unused := 4*n - 3; unused < len(gain) {
			gain[unused] = want.GainLUT[unused]
		}
	}
	check(t, "gain", want.GainLUT, gain)
}

// stages are the intermediate results of the reference front end for one frame.
type stages struct {
	Frame    int              `json:"frame"`
	MaxAbs   int              `json:"max_abs"`
	Shift    int              `json:"shift"`
	Window   []int16          `json:"window"`
	Spectrum []int32          `json:"spectrum"` // real and imaginary part of bins 0 to 256
	Sums     []uint64         `json:"accum"`
	Roots    []uint32         `json:"sqrt"`
	Reduced  []uint32         `json:"noise_reduced"`
	Estimate []uint32         `json:"noise_estimate"`
	Gained   []uint32         `json:"pcan"`
	Features [Channels]uint16 `json:"features"`
}

func TestStages(t *testing.T) {
	t.Parallel()
	var recordings map[string][]stages
	ReadJSON(t, "stages.json.gz", &recordings)
	seen := 0
	for name, frames := range recordings {
		pcm := ReadWAV(t, name)
		f := New()
		var features [Channels]uint16
		next := 0
		for _, want := range frames {
			for ; next < want.Frame; next++ {
				f.load(pcm, next)
				f.frame(&features)
			}
			f.load(pcm, next)
			checkStages(t, f, want)
			next++
			seen++
		}
	}
	if seen != 18 {
		t.Errorf("%d frames were compared, want 18", seen)
	}
}

// checkStages does what frame does and compares after each step.
func checkStages(t *testing.T, f *FrontEnd, want stages) {
	t.Helper()
	shift := f.window()
	check(t, "shift", want.Shift, shift)
	check(t, "window", want.Window, f.windowed[:WindowSamples])
	f.transform(shift)
	for k := firstBin; k <= fftPoints/2; k++ {
		low, high := f.bins(k)
		check(t, "bin", point{want.Spectrum[2*k], want.Spectrum[2*k+1]}, low)
		n := fftPoints - k
		check(t, "bin", point{want.Spectrum[2*n], want.Spectrum[2*n+1]}, high)
	}
	sums := f.filterBank()
	check(t, "sums", want.Sums[1:], sums[1:slots])
	f.roots(&sums, shift)
	check(t, "roots", want.Roots, f.signal[:])
	f.reduceNoise()
	check(t, "noise", want.Reduced, f.signal[:])
	check(t, "estimate", want.Estimate, f.estimate[:])
	f.gainControl()
	check(t, "gain", want.Gained, f.signal[:])
	var features [Channels]uint16
	f.logarithm(&features)
	check(t, "features", want.Features, features)
}

// load puts the audio of a frame into the buffer.
func (f *FrontEnd) load(pcm []int16, frame int) {
	f.filled = copy(f.audio[:], pcm[frame*StepSamples:])
}

func check(t *testing.T, what string, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(point{})); diff != "" {
		t.Errorf("%s (-want +got):\n%.2000s", what, diff)
	}
}
