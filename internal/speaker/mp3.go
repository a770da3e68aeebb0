package speaker

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"github.com/hajimehoshi/go-mp3"
)

// openMP3 reads up to the first samples.
func openMP3(r *bufio.Reader) (*sound, error) {
	if err := skipTags(r); err != nil {
		return nil, mp3End(err)
	}
	d := &mp3Reader{}
	if err := d.open(r); err != nil {
		return nil, mp3End(err)
	}
	rate := d.dec.SampleRate()
	if err := checkRate(rate); err != nil {
		return nil, fmt.Errorf("the MP3: %w", err)
	}
	return &sound{pcm: d, encoding: s16le, rate: rate, channels: 2}, nil // the decoder makes two channels of one
}

func mp3End(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("the MP3 ends before its samples")
	}
	return err
}

// tagHead is the size of the head of an ID3 tag, in bytes. ref: ID3v2.4 structure, 3.1
const tagHead = 10

// skipTags reads over ID3 tags, for which the decoder would take as much memory as they claim.
func skipTags(r *bufio.Reader) error {
	for {
		head, err := r.Peek(tagHead)
		if err != nil {
			return err
		}
		if string(head[:3]) != "ID3" {
			return nil
		}
		size := tagHead
		if head[5]&0x10 != 0 {
			size += tagHead // a footer
		}
		size += int(head[6]&0x7F)<<21 | int(head[7]&0x7F)<<14 | int(head[8]&0x7F)<<7 | int(head[9]&0x7F)
		if _, err := r.Discard(size); err != nil {
			return err
		}
	}
}

// mp3Reader reads 16-bit samples of two channels. The decoder panics on some broken files, which is an error here.
type mp3Reader struct {
	dec *mp3.Decoder
}

func (m *mp3Reader) open(r io.Reader) (err error) {
	defer broken(&err)
	m.dec, err = mp3.NewDecoder(r)
	return err
}

// Read reads samples.
func (m *mp3Reader) Read(p []byte) (n int, err error) {
	defer broken(&err)
	return m.dec.Read(p)
}

// broken makes an error of a panic.
func broken(err *error) {
	if recover() != nil {
		*err = errors.New("the MP3 is broken")
	}
}
