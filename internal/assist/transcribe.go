package assist

import (
	"context"
	"fmt"
	"sync"
	"time"
)

const (
	sampleRate = 16000
	// ref: assist_pipeline/const.py, SAMPLES_PER_CHUNK: Home Assistant drops what is left of a block of 10 ms at the end
	blockBytes = 320
	// maxAudio bounds one utterance: 60 s.
	maxAudio = 60 * sampleRate * 2
)

// SpeechRequest says how an utterance is to be transcribed.
type SpeechRequest struct {
	Pipeline         string // id or name, empty for the preferred one
	WakeWordPhrase   string // lets Home Assistant serve only the first of several microphones that heard it; may be empty
	DeviceIdentifier string // of the MQTT device, which stands for a room; may be empty
	Language         string // of the Transcript when Home Assistant does not name it; a run's own is the pipeline's
}

// Transcript is what was said; Text is empty when there were no words.
type Transcript struct {
	Text, Language string
}

// Transcribe sends 16 kHz mono frames as they arrive until the channel is closed, or until 60 s, and returns what
// was said. Nothing is carried out, and nothing is asked when the channel is closed without a frame. It returns as soon as there is a transcript or an error, or ctx is done.
//
// Frames are taken and kept from the start, also while Home Assistant is away. A connection that breaks costs
// nothing when it is back within CommandWait: the run is begun again with all the audio.
func (c *Client) Transcribe(ctx context.Context, req SpeechRequest, frames <-chan []int16) (Transcript, error) {
	kept := newUtterance()
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() { kept.fill(ctx, frames) })
	defer wg.Wait()
	defer cancel()

	kept.await(ctx, c.cfg.StartWait)
	if kept.empty() {
		return Transcript{Language: req.Language}, nil
	}
	var result Transcript
	err := c.try(ctx, func(conn *connection, try int) (err error) {
		result, err = c.transcribe(ctx, conn, req, kept, try)
		return err
	})
	if err != nil {
		return Transcript{}, fmt.Errorf("transcribe: %w", err)
	}
	return result, nil
}

// transcribe is one run of the stt stage.
func (c *Client) transcribe(ctx context.Context, conn *connection, req SpeechRequest, kept *utterance, try int) (_ Transcript, err error) {
	command, err := c.speechCommand(ctx, conn, req, try)
	if err != nil {
		return Transcript{}, err
	}
	w, err := c.watch(ctx, conn, command)
	if err != nil {
		return Transcript{}, err
	}
	over := false
	defer func() { w.finish(over) }()
	sender := audioSender{kept: kept}
	for !over {
		send, piece, more := sender.prepare(w)
		select {
		case m, ok := <-w.call.messages:
			over, err = w.message(m, ok, c.cfg.AnswerWait+maxAudio/2/sampleRate*time.Second)
		case send <- piece:
			if sender.sent(piece); sender.marked {
				w.limit.Reset(c.cfg.AnswerWait)
			}
		case <-more:
		case <-w.limit.C:
			err = w.timeout(ctx)
		case <-conn.done:
			var m message
			if m, err = conn.leftover(w.call); err == nil {
				over, err = w.message(m, true, c.cfg.AnswerWait)
			}
		case <-ctx.Done():
			err = ctx.Err()
		}
		if err != nil {
			return Transcript{}, err
		}
	}
	language := w.spoken
	if language == "" {
		language = req.Language
	}
	return Transcript{Text: w.text, Language: language}, nil
}

// speechCommand is the command for a run of the stt stage.
func (c *Client) speechCommand(ctx context.Context, conn *connection, req SpeechRequest, try int) (map[string]any, error) {
	list, err := conn.pipelines(ctx, c.cfg.StartWait)
	if err != nil {
		return nil, err
	}
	pipeline, err := choose(list, req.Pipeline)
	if err != nil {
		return nil, err
	}
	if pipeline.SpeechToText == "" {
		return nil, newRunError(CodeSTTMissing, "")
	}
	input := map[string]any{"sample_rate": sampleRate, "no_vad": true}
	// A run that is begun again must not be taken for a second microphone.
	if req.WakeWordPhrase != "" && try == 0 {
		input["wake_word_phrase"] = req.WakeWordPhrase
	}
	command := map[string]any{
		"type":        "assist_pipeline/run",
		"start_stage": stageSTT,
		"end_stage":   stageSTT,
		"input":       input,
		"pipeline":    pipeline.ID,
		"timeout":     (c.cfg.AnswerWait + maxAudio/2/sampleRate*time.Second).Seconds(),
	}
	return command, c.addDevice(ctx, conn, command, req.DeviceIdentifier)
}

// addDevice gives a run its room. A device that cannot be found is no reason not to run.
func (c *Client) addDevice(ctx context.Context, conn *connection, command map[string]any, identifier string) error {
	id, err := conn.device(ctx, c.cfg.StartWait, identifier)
	switch {
	case conn.lost():
		return errLost
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		c.log.Debug().Err(err).Msg("the device of a satellite cannot be looked up")
	case id != "":
		command["device_id"] = id
	}
	return nil
}

// audioSender knows how much of an utterance a run has got.
type audioSender struct {
	kept   *utterance
	offset int
	marked bool // the end marker is out
}

// prepare returns the next piece of audio and where to send it: nowhere before the run has begun, and after the end.
func (s *audioSender) prepare(w *watcher) (send chan<- outgoing, piece outgoing, more <-chan struct{}) {
	if !w.started || w.ended || s.marked {
		return nil, outgoing{}, nil
	}
	audio, ended := s.kept.after(s.offset)
	if len(audio) == 0 && !ended {
		return nil, outgoing{}, s.kept.changed
	}
	return w.conn.out, outgoing{handler: w.handler, audio: audio}, nil
}

func (s *audioSender) sent(piece outgoing) {
	s.offset += len(piece.audio)
	s.marked = len(piece.audio) == 0
}

// utterance is the audio of one command as it grows, in bytes as they go over the wire.
type utterance struct {
	changed chan struct{} // one waiting signal

	mu    sync.Mutex // guards what follows
	pcm   []byte     // only appended to: what has been handed out does not change
	ended bool
}

func newUtterance() *utterance {
	return &utterance{changed: make(chan struct{}, 1), pcm: make([]byte, 0, 4*sampleRate*2)}
}

// fill takes frames until their end, maxAudio or ctx.
func (u *utterance) fill(ctx context.Context, frames <-chan []int16) {
	for {
		select {
		case <-ctx.Done():
			return
		case frame, more := <-frames:
			if u.add(frame, more); !more || u.full() {
				return
			}
		}
	}
}

func (u *utterance) add(frame []int16, more bool) {
	u.mu.Lock()
	frame = frame[:min(len(frame), (maxAudio-len(u.pcm))/2)]
	for _, v := range frame {
		u.pcm = append(u.pcm, byte(v), byte(uint16(v)>>8))
	}
	if u.ended = !more || len(u.pcm) >= maxAudio; u.ended {
		for len(u.pcm)%blockBytes != 0 {
			u.pcm = append(u.pcm, 0)
		}
	}
	u.mu.Unlock()
	signal(u.changed)
}

func (u *utterance) full() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.ended
}

// await waits for the first frame or the end, though not for ever.
func (u *utterance) await(ctx context.Context, wait time.Duration) {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-u.changed:
	case <-timer.C:
	case <-ctx.Done():
	}
}

// empty tells that the utterance ended before it began: there is nothing to ask for then.
func (u *utterance) empty() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.ended && len(u.pcm) == 0
}

// after returns audio from an offset on, a second at most, and whether nothing will come after it.
func (u *utterance) after(offset int) (audio []byte, ended bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	audio = u.pcm[offset:]
	audio = audio[:min(len(audio), audioPerSend)]
	return audio, u.ended
}
