package audio

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"time"
)

// When a microphone is said to be lost.
const (
	startAfter   = 3 * time.Second  // without a first byte: waking a device may take a while
	stallAfter   = time.Second      // without another byte
	silenceAfter = 30 * time.Second // of exact zeros from a real microphone
)

// errDigitalSilence is no end: the device goes on being read, and the first sample that is not zero heals it.
var errDigitalSilence = fmt.Errorf("only digital silence for %v: muted in hardware or in the sound server, or the wrong channel?", silenceAfter)

// capture turns a source's sound into frames and gives them to the readers. It lives as long as the microphone's Run, so that samples are counted through.
type capture struct {
	mic   *Microphone
	meter meter
	judge judge
	frame Frame
	fill  int // samples of frame that are there
	pcm   []int16
	sound bool    // the last read gave anything but zeros
	gain  float32 // of the last read

	restart  bool
	loud     time.Time // when the last sample that was not zero came
	reported time.Time // when drops were last logged
	unsaid   map[string]uint64
}

// run reads src until it is lost or ctx ends; heard is how long sound came.
func (c *capture) run(ctx context.Context, src *source) (heard time.Duration, err error) {
	conv, err := newConverter(src, src.format, c.mic.cfg.Channel, c.mic.Gain())
	if err != nil {
		return 0, err
	}
	c.pcm = make([]int16, 0, conv.maxOut())
	c.fill, c.restart, c.meter = 0, true, meter{}
	c.judge.begin(src, c.mic.cfg.Channel)
	c.mic.board.setFindings(c.judge.findings)
	defer c.mic.board.forgetSound()
	patience := startAfter
	dog := watchdog{bite: func() { src.Close() }}
	defer dog.end()
	var began time.Time
	for {
		dog.wait(time.Now(), patience)
		conv.setGain(c.mic.Gain())
		pcm, err := conv.read(c.pcm[:0])
		dog.done()
		now := time.Now()
		if len(pcm) > 0 {
			if began.IsZero() {
				began, c.loud, patience = now, now, stallAfter
			}
			c.sound, c.gain = conv.sound, conv.gain
			c.listen(src, conv.sound, now)
			c.split(ctx, src, pcm, now)
			c.assess(conv, now)
		}
		if err != nil {
			if errors.Is(err, io.EOF) {
				c.finish(ctx, src, now)
			}
			if dog.end() {
				err = fmt.Errorf("no sound came from the microphone for %v", patience)
			}
			if !began.IsZero() {
				heard = now.Sub(began)
			}
			return heard, err
		}
	}
}

// listen keeps the state: listening, or lost to digital silence.
func (c *capture) listen(src *source, sound bool, now time.Time) {
	if sound || !src.live {
		c.loud = now
	}
	if c.mic.muted.Load() {
		return // the device is being closed
	}
	if now.Sub(c.loud) >= silenceAfter {
		c.mic.enter(Lost, errDigitalSilence)
	} else {
		c.mic.enter(Listening, nil)
	}
}

// split cuts samples that were captured up to now into frames.
func (c *capture) split(ctx context.Context, src *source, pcm []int16, now time.Time) {
	if src.gaps != nil {
		if lost := src.gaps(); lost > 0 {
			c.restart = true
			c.dropped("device", uint64((lost+10*time.Millisecond-1)/(10*time.Millisecond)))
		}
	}
	for len(pcm) > 0 {
		n := copy(c.frame.PCM[c.fill:], pcm)
		c.fill += n
		pcm = pcm[n:]
		if c.fill == FrameSamples {
			c.frame.Time = now.Add(-time.Duration(len(pcm)) * time.Second / SampleRate)
			c.publish(ctx, src.wait)
		}
	}
	c.reportDrops(now)
}

// finish fills the end of a recording up to a whole frame.
func (c *capture) finish(ctx context.Context, src *source, now time.Time) {
	if c.fill > 0 {
		clear(c.frame.PCM[c.fill:])
		c.frame.Time = now
		c.publish(ctx, src.wait)
	}
}

// publish gives the frame to every reader.
func (c *capture) publish(ctx context.Context, wait bool) {
	m := c.mic
	c.fill = 0
	if m.muted.Load() {
		return
	}
	c.frame.Restart = c.restart
	c.restart = false
	if dbfs, ready := c.meter.add(&c.frame.PCM); ready {
		m.board.level.Store(math.Float64bits(dbfs))
	}
	c.judge.add(&c.frame.PCM, c.sound, c.gain)
	m.board.frames.Add(1)
	m.board.lastFrame.Store(c.frame.Time.UnixNano())
	for _, r := range *m.readers.Load() {
		if !r.send(ctx, &c.frame, wait) && ctx.Err() == nil {
			c.dropped(r.name, 1)
		}
	}
	c.frame.Sample += FrameSamples
}

// assess has the sound judged as far as it has come.
func (c *capture) assess(conv *converter, now time.Time) {
	if conv.powers != nil {
		c.judge.compare(conv.powers)
		c.mic.board.setChannels(conv.powers)
	}
	if !c.judge.due() {
		return
	}
	begun, ended := c.judge.review(now)
	if len(begun)+len(ended) == 0 {
		return
	}
	c.mic.board.setFindings(c.judge.findings)
	for _, f := range begun {
		c.mic.log.Warn().Str("device", c.judge.name).Str("finding", f.Code).Msg(f.Text)
	}
	for _, f := range ended {
		c.mic.log.Info().Str("device", c.judge.name).Str("finding", f.Code).Msg("this is not so any more")
	}
}

// dropped counts frames that somebody did not get.
func (c *capture) dropped(by string, n uint64) {
	c.mic.board.dropped.Add(n)
	if c.unsaid == nil {
		c.unsaid = map[string]uint64{}
	}
	c.unsaid[by] += n
}

// reportDrops logs who lost how many frames, at most once a second.
func (c *capture) reportDrops(now time.Time) {
	if len(c.unsaid) == 0 || now.Sub(c.reported) < time.Second {
		return
	}
	c.reported = now
	for by, n := range c.unsaid {
		c.mic.log.Warn().Str("reader", by).Uint64("frames", n).Msg("audio dropped")
	}
	clear(c.unsaid)
}
