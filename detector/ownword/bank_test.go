package ownword_test

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"strings"
	"testing"

	"earshot/detector/openwakeword"
	"earshot/detector/ownword"
)

// smallBank has recordings of the given lengths, of random values.
func smallBank(t testing.TB, lengths ...int) (*ownword.Bank, [][]openwakeword.Embedding) {
	t.Helper()
	r := rand.New(rand.NewPCG(5, 6))
	recordings := make([][]openwakeword.Embedding, len(lengths))
	sources := make([]int, len(lengths))
	for i, n := range lengths {
		recordings[i] = make([]openwakeword.Embedding, n)
		for k := range recordings[i] {
			for j := range recordings[i][k] {
				recordings[i][k][j] = float32(r.NormFloat64() * float64(1+j))
			}
		}
		sources[i] = i
	}
	b, err := ownword.NewBank(recordings, sources)
	if err != nil {
		t.Fatal(err)
	}
	b.Sources, b.Network = "made by a test", [32]byte{1, 2, 3}
	return b, recordings
}

func encode(t testing.TB, b *ownword.Bank) []byte {
	t.Helper()
	var out bytes.Buffer
	if _, err := b.WriteTo(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestBankKeepsWhatItIsGiven(t *testing.T) {
	made, recordings := smallBank(t, 12, 0, 30)
	b, err := ownword.ReadBank(bytes.NewReader(encode(t, made)))
	if err != nil {
		t.Fatal(err)
	}
	if b.Sources != made.Sources || b.Network != made.Network || b.Frames() != 42 || len(b.Recordings()) != 3 || b.Recordings()[2] != (ownword.Recording{Frames: 30, Source: 2}) {
		t.Fatalf("read %q, %x, %d frames, %v", b.Sources, b.Network, b.Frames(), b.Recordings())
	}
	var e openwakeword.Embedding
	for i, want := range append(recordings[0], recordings[2]...) {
		b.Embedding(i, &e)
		for k := range e {
			if d := e[k] - want[k]; d > float32(1+k)*0.02 || d < -float32(1+k)*0.02 { // half a step of at most five deviations
				t.Fatalf("frame %d, value %d: got %v, want %v", i, k, e[k], want[k])
			}
		}
	}
}

func TestReadBankErrors(t *testing.T) {
	b, _ := smallBank(t, 3, 4)
	good := encode(t, b)
	const frames, recordings, text, scales, table = 40, 44, 48, 52, 52 + 4*96
	change := func(at int, v uint32) []byte {
		data := bytes.Clone(good)
		binary.LittleEndian.PutUint32(data[at:], v)
		return data
	}
	for _, c := range []struct {
		name, want string
		data       []byte
	}{
		{"nothing", "ends too early", nil},
		{"another file", "no bank", append([]byte("RIFF...."), good[8:]...)},
		{"cut", "instead of", good[:len(good)-1]},
		{"cut in the header", "ends too early", good[:60]},
		{"too long", "instead of", append(bytes.Clone(good), 0)},
		{"huge", "larger than any", change(frames, 1<<31)},
		{"many recordings", "larger than any", change(recordings, 1<<31)},
		{"much text", "larger than any", change(text, 1<<31)},
		{"scale", "not a number", change(scales, 0x7fc00000)},
		{"long recording", "longer than itself", change(table, 8)},
		{"short recording", "shorter than itself", change(table, 2)},
	} {
		if _, err := ownword.ReadBank(bytes.NewReader(c.data)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want something with %q", c.name, err, c.want)
		}
	}
}

// TestNegatives reads the bank that comes with Earshot.
func TestNegatives(t *testing.T) {
	b, err := ownword.Negatives()
	if err != nil {
		t.Fatal(err)
	}
	if h := b.Hours(); h < 0.9 || h > 1.5 {
		t.Errorf("it is %.2f h long", h)
	}
	if !strings.Contains(b.Sources, "CC BY-SA") {
		t.Errorf("its licences are not named: %q", b.Sources)
	}
}

func FuzzReadBank(f *testing.F) {
	b, _ := smallBank(f, 3, 4)
	f.Add(encode(f, b))
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := ownword.ReadBank(bytes.NewReader(data))
		if err != nil {
			return
		}
		var e openwakeword.Embedding
		for i := range b.Frames() {
			b.Embedding(i, &e)
		}
		if again := encode(t, b); !bytes.Equal(again, data) {
			t.Error("what was read is not what is written")
		}
	})
}
