package ownword

import (
	"bufio"
	"bytes"
	_ "embed"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"unicode/utf8"

	"earshot/detector/openwakeword"
)

const (
	size   = openwakeword.EmbeddingSize
	frames = 10 // embeddings that a word is heard in: 0.8 s
)

// Limits against a damaged file.
const (
	bankMagic     = "EARBANK1"
	maxFrames     = 4 << 20 // 90 hours
	maxRecordings = 1 << 16
	maxSources    = 1 << 16 // bytes of text
)

// Bank is what speech, music and noise without the word look like to the embedding network: numbers, of which no audio can be made again.
// It keeps one byte for each value.
type Bank struct {
	Network    [32]byte // SHA-256 of the file of the network that made the embeddings
	Sources    string   // where the recordings came from and under which licences, for people
	recordings []Recording
	scale      [size]float32 // of one step of each value
	values     []int8
}

// Recording is one uninterrupted stretch of audio in a bank.
type Recording struct {
	Frames int // embeddings, 80 ms each
	Source int // number of the source; halves of a bank have different ones
}

//go:embed negatives.bank
var negatives []byte

// Negatives returns the bank that comes with Earshot.
func Negatives() (*Bank, error) { return ReadBank(bytes.NewReader(negatives)) }

// NewBank returns a bank of recordings, each a sequence of embeddings. The scales fit the values; sources has one number for each recording.
func NewBank(recordings [][]openwakeword.Embedding, sources []int) (*Bank, error) {
	if len(recordings) != len(sources) {
		return nil, fmt.Errorf("make a bank: %d recordings and %d sources", len(recordings), len(sources))
	}
	b := &Bank{}
	for i, r := range recordings {
		b.recordings = append(b.recordings, Recording{len(r), sources[i]})
		for _, e := range r {
			for k, v := range e {
				b.scale[k] = max(b.scale[k], float32(math.Abs(float64(v)))/math.MaxInt8)
			}
		}
	}
	for _, r := range recordings {
		for _, e := range r {
			for k, v := range e {
				b.values = append(b.values, int8(math.Round(float64(v/max(b.scale[k], math.SmallestNonzeroFloat32)))))
			}
		}
	}
	return b, nil
}

// Frames is how many embeddings the bank has, 80 ms each.
func (b *Bank) Frames() int { return len(b.values) / size }

// Recordings lists the stretches of the bank in their order.
func (b *Bank) Recordings() []Recording { return b.recordings }

// Hours is how long the bank is.
func (b *Bank) Hours() float64 { return hours(b.Frames()) }

func hours(frames int) float64 {
	return float64(frames) * openwakeword.ChunkSamples / openwakeword.SampleRate / 3600
}

// Embedding sets e to the embedding of a frame.
//
//go:norace
func (b *Bank) Embedding(frame int, e *openwakeword.Embedding) {
	for k, v := range b.values[frame*size:][:size] {
		e[k] = float32(v) * b.scale[k]
	}
}

// bankHeader begins a file; all numbers are little endian. The scales follow, two numbers for each recording, the text, and the values.
type bankHeader struct {
	Magic                        [len(bankMagic)]byte
	Network                      [32]byte
	Frames, Recordings, TextSize uint32
}

// WriteTo writes the bank as a file.
func (b *Bank) WriteTo(w io.Writer) (int64, error) {
	out := &bytes.Buffer{}
	h := bankHeader{Network: b.Network, Frames: uint32(b.Frames()), Recordings: uint32(len(b.recordings)), TextSize: uint32(len(b.Sources))}
	copy(h.Magic[:], bankMagic)
	table := make([]uint32, 0, 2*len(b.recordings))
	for _, r := range b.recordings {
		table = append(table, uint32(r.Frames), uint32(r.Source))
	}
	for _, part := range []any{h, b.scale, table, []byte(b.Sources), b.values} {
		if err := binary.Write(out, binary.LittleEndian, part); err != nil {
			return 0, fmt.Errorf("write bank: %w", err)
		}
	}
	n, err := out.WriteTo(w)
	if err != nil {
		return n, fmt.Errorf("write bank: %w", err)
	}
	return n, nil
}

// ReadBank reads a file that WriteTo wrote.
func ReadBank(r io.Reader) (*Bank, error) {
	b := &Bank{}
	if err := b.read(bufio.NewReader(r)); err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			err = errors.New("the file ends too early")
		}
		return nil, fmt.Errorf("read bank of other sounds: %w", err)
	}
	return b, nil
}

func (b *Bank) read(r *bufio.Reader) error {
	var h bankHeader
	if err := binary.Read(r, binary.LittleEndian, &h); err != nil {
		return err
	}
	switch {
	case string(h.Magic[:]) != bankMagic:
		return errors.New("this is no bank of Earshot")
	case h.Frames > maxFrames || h.Recordings > maxRecordings || h.TextSize > maxSources:
		return errors.New("it claims to be larger than any bank")
	}
	b.Network = h.Network
	if err := binary.Read(r, binary.LittleEndian, &b.scale); err != nil {
		return err
	}
	for _, s := range b.scale {
		if !(s >= 0 && s < math.MaxFloat32) {
			return errors.New("a scale is not a number")
		}
	}
	if err := b.readTable(r, h); err != nil {
		return err
	}
	text := make([]byte, h.TextSize)
	if _, err := io.ReadFull(r, text); err != nil {
		return err
	}
	if !utf8.Valid(text) {
		return errors.New("its sources are not text")
	}
	b.Sources = string(text)
	// What a header claims is not made room for before it is there.
	values, err := io.ReadAll(io.LimitReader(r, int64(h.Frames)*size+1))
	if err != nil {
		return err
	}
	if len(values) != int(h.Frames)*size {
		return fmt.Errorf("it has %d bytes of values instead of %d", len(values), int(h.Frames)*size)
	}
	b.values = make([]int8, len(values))
	for i, v := range values {
		b.values[i] = int8(v)
	}
	return nil
}

func (b *Bank) readTable(r io.Reader, h bankHeader) error {
	total := uint64(0)
	for range h.Recordings {
		var entry [2]uint32
		if err := binary.Read(r, binary.LittleEndian, &entry); err != nil {
			return err
		}
		if total += uint64(entry[0]); total > uint64(h.Frames) || entry[1] > maxRecordings {
			return errors.New("its recordings are longer than itself")
		}
		b.recordings = append(b.recordings, Recording{int(entry[0]), int(entry[1])})
	}
	if total != uint64(h.Frames) {
		return errors.New("its recordings are shorter than itself")
	}
	return nil
}
