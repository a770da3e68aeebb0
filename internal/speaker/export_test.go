package speaker

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"time"
)

// FetchTimeout is how long Fetch waits for a part of a reply.
const FetchTimeout = fetchTimeout

// Decode decodes a whole sound.
func Decode(r io.Reader, mediaType string, volumeDB float64) (pcm []int16, rate, channels int, err error) {
	snd, err := decode(&input{r: r}, mediaType)
	if err != nil {
		return nil, 0, 0, err
	}
	d := newReader(snd, Config{VolumeDB: volumeDB}.gain())
	for {
		chunk, err := d.next()
		for ; len(chunk) > 0; chunk = chunk[2:] {
			pcm = append(pcm, int16(binary.LittleEndian.Uint16(chunk)))
		}
		if errors.Is(err, errEnd) {
			return pcm, snd.rate, snd.channels, nil
		}
		if err != nil {
			return pcm, snd.rate, snd.channels, err
		}
	}
}

// FetchedBody is the body of an answer, whose request ends with done.
func FetchedBody(body io.ReadCloser) (f io.ReadCloser, done context.Context) {
	ctx, cancel := context.WithCancelCause(context.Background())
	return newFetched(ctx, cancel, body), ctx
}

// SetStuck sets how long a player may take no sound, before the first one.
func (s *Speaker) SetStuck(after time.Duration) { s.stuck = after }
