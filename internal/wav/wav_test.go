package wav_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"earshot/internal/wav"
)

// riff begins a file with chunks.
func riff(chunks ...string) string {
	file := "RIFF\x00\x00\x00\x00WAVE"
	for _, c := range chunks {
		file += c
	}
	return file
}

// chunk says it has size bytes, whatever there is.
func chunk(id string, size uint32, body string) string {
	return id + string(binary.LittleEndian.AppendUint32(nil, size)) + body
}

// format is a plain format chunk.
func format(tag, channels, rate, bits int) string {
	b := binary.LittleEndian.AppendUint16(nil, uint16(tag))
	b = binary.LittleEndian.AppendUint16(b, uint16(channels))
	b = binary.LittleEndian.AppendUint32(b, uint32(rate))
	b = binary.LittleEndian.AppendUint32(b, uint32(rate*channels*bits/8))
	b = binary.LittleEndian.AppendUint16(b, uint16(channels*bits/8))
	b = binary.LittleEndian.AppendUint16(b, uint16(bits))
	return chunk("fmt ", 16, string(b))
}

// extensible is a WAVE_FORMAT_EXTENSIBLE chunk of a sub-format.
func extensible(tag, channels, rate, bits int) string {
	plain := format(0xFFFE, channels, rate, bits)[8:]
	return chunk("fmt ", 40, plain+"\x16\x00"+string(rune(bits))+"\x00\x00\x00\x00\x00"+string(rune(tag))+"\x00\x00\x00\x00\x00\x10\x00\x80\x00\x00\xaa\x00\x38\x9b\x71")
}

func TestRead(t *testing.T) {
	mono := wav.Format{Bits: 16, Channels: 1, Rate: 16000}
	for name, c := range map[string]struct {
		file string
		want wav.Format
		data string
	}{
		"plain":             {riff(format(1, 1, 16000, 16), chunk("data", 4, "abcd")), mono, "abcd"},
		"chunks around it":  {riff(chunk("LIST", 3, "odd\x00"), format(1, 1, 16000, 16), chunk("data", 4, "abcdLIST")), mono, "abcd"},
		"extensible":        {riff(extensible(1, 1, 16000, 16), chunk("data", 2, "ab")), mono, "ab"},
		"extensible float":  {riff(extensible(3, 2, 44100, 32), chunk("data", 0, "")), wav.Format{Float: true, Bits: 32, Channels: 2, Rate: 44100}, ""},
		"float":             {riff(format(3, 1, 48000, 32), chunk("data", 4, "abcd")), wav.Format{Float: true, Bits: 32, Channels: 1, Rate: 48000}, "abcd"},
		"8 bits":            {riff(format(1, 1, 8000, 8), chunk("data", 1, "a")), wav.Format{Bits: 8, Channels: 1, Rate: 8000}, "a"},
		"24 bits":           {riff(format(1, 6, 8000, 24), chunk("data", 1, "a")), wav.Format{Bits: 24, Channels: 6, Rate: 8000}, "a"},
		"size left at 0":    {riff(format(1, 1, 16000, 16), chunk("data", 0, "abcd")), mono, "abcd"},
		"size left largest": {riff(format(1, 1, 16000, 16), chunk("data", 0xFFFFFFFF, "abcd")), mono, "abcd"},
		"size left large":   {riff(format(1, 1, 16000, 16), chunk("data", 0x7FFFF000, "abcd")), mono, "abcd"},
		"cut off":           {riff(format(1, 1, 16000, 16), chunk("data", 1000, "abc")), mono, "abc"},
		"nonsense":          {riff(format(1, 0, -1, 16), chunk("data", 0, "")), wav.Format{Bits: 16, Rate: math.MaxInt32}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, data, err := wav.Read(iotest.OneByteReader(bytes.NewReader([]byte(c.file))))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
			if b, err := io.ReadAll(data); string(b) != c.data || err != nil {
				t.Errorf("data %q, %v", b, err)
			}
		})
	}
}

func TestReadErrors(t *testing.T) {
	for _, c := range []struct{ file, want string }{
		{"", "the WAV file ends before its sound"},
		{"RIFF", "the WAV file ends before its sound"},
		{"fLaC and other things", "this is not a WAV file"},
		{riff(format(1, 1, 16000, 16)), "the WAV file ends before its sound"},
		{riff(format(1, 1, 16000, 16)[:20]), "the WAV file ends before its sound"},
		{riff(chunk("LIST", 10, "short")), "the WAV file ends before its sound"},
		{riff(chunk("data", 2, "ab")), "the WAV file has no format before its sound"},
		{riff(chunk("fmt ", 15, "0123456789abcdef")), "the WAV file's format chunk is too short"},
		{riff(format(7, 1, 8000, 8)), "the WAV file's encoding 7 with 8 bits cannot be read: PCM of 8, 16, 24 or 32 bits and float of 32 bits are supported"},
		{riff(format(3, 1, 8000, 64)), "the WAV file's encoding 3 with 64 bits cannot be read: PCM of 8, 16, 24 or 32 bits and float of 32 bits are supported"},
		{riff(format(1, 1, 8000, 12)), "the WAV file's encoding 1 with 12 bits cannot be read: PCM of 8, 16, 24 or 32 bits and float of 32 bits are supported"},
		{riff(chunk("fmt ", 16, format(1, 1, 16000, 16)[8:20]+"\x03\x00\x10\x00")), "the WAV file says 3 bytes a sample frame, its format makes 2"},
		{riff(chunk("JUNK", 0xFFFFFFFF, "junk")), "the WAV file has no sound in its first 16 MiB"},
		{riff(chunk("fmt ", 0x000FFFFF, "junk")), "the WAV file's format chunk is too large"},
	} {
		_, _, err := wav.Read(bytes.NewReader([]byte(c.file)))
		if diff := cmp.Diff(c.want, fmt.Sprint(err)); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	}
	cut := errors.New("line cut")
	if _, _, err := wav.Read(iotest.ErrReader(cut)); !errors.Is(err, cut) {
		t.Errorf("got %v", err)
	}
	if _, _, err := wav.Read(bytes.NewReader([]byte(riff(format(7, 1, 8000, 8))))); !errors.Is(err, wav.ErrEncoding) {
		t.Errorf("got %v", err)
	}
}

// FuzzRead wants no panic, only formats that can be decoded, and no more data than there is.
func FuzzRead(f *testing.F) {
	f.Add([]byte(riff(format(1, 1, 16000, 16), chunk("data", 4, "abcd"))))
	f.Add([]byte(riff(extensible(3, 2, 44100, 32), chunk("LIST", 3, "odd\x00"), chunk("data", 0xFFFFFFFF, "abcdefgh"))))
	f.Add([]byte(riff(format(1, 1, 11025, 24), chunk("data", 0, "abcdef"))))
	f.Fuzz(func(t *testing.T, file []byte) {
		format, data, err := wav.Read(bytes.NewReader(file))
		if err != nil {
			return
		}
		if format.Bits%8 != 0 || format.Bits < 8 || format.Bits > 32 || format.Float && format.Bits != 32 || format.Rate < 0 {
			t.Errorf("%+v", format)
		}
		if b, err := io.ReadAll(data); err != nil || len(b) > len(file) {
			t.Errorf("%d bytes of %d, %v", len(b), len(file), err)
		}
	})
}
