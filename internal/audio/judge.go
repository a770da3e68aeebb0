package audio

import (
	"math"
	"slices"
	"time"
)

// The limits. Shares are of frames with sound in them; they forget with the time constant given, in such frames. A finding begins and ends at different shares,
// so that it does not come and go. Measured on 100 "alexa" by some 47 people (microWakeWord at its own threshold misses 1 of them as they are), on 26 minutes of
// speech, 24 minutes of music, and the same sound at 8 kHz and through a telephone's band.
const (
	framesPerSecond = 100

	soundOver  = 10    // times the floor, in power: a frame with sound in it
	floorRise  = 1.001 // per frame, 0.4 dB a second
	floorFall  = 0.3   // of the distance, per frame
	leastFloor = 3e-10 // about the rounding of 16 bits

	// A frame has treble when its high band has more than a 300th (-25 dB) of its low band's power. Of speech and music 70 to 98 % of the frames do, of the same at
	// 8 kHz or 300 to 3400 Hz 0.03 % at most. 86 of 100 "alexa" are missed then.
	treble       = 1.0 / 316
	leastLow     = 3e-7 // -65 dBFS in the low band: what is 25 dB below it is still above the rounding
	narrowMemory = 30 * framesPerSecond
	narrowAfter  = 10 * framesPerSecond
	narrowBegins = 0.01
	narrowEnds   = 0.05
	narrowRate   = 11000 // Hz; a device that is slower has nothing above 4 kHz to begin with (11025 has)
	// A device without treble has no noise there either. One that has, also while nobody speaks, only hears music without treble.
	leastHiss = 3e-9 // -85 dBFS, before amplification
	hissEvery = 10   // frames without sound
	hissShare = 0.5

	// Misses of "alexa": 2 of 100 at a loudest twentieth of -36 dBFS, 5 at -46, 12 at -52, 21 at -58.
	audible     = 1e-5 // -50 dBFS
	quietMemory = 300 * framesPerSecond
	quietAfter  = 30 * framesPerSecond
	quietBegins = 0.005
	quietEnds   = 0.02

	// A frame clips with clipRun samples in a row near full scale.
	clipLevel  = 0.99
	clipRun    = 3
	clipMemory = 60 * framesPerSecond
	clipAfter  = 10 * framesPerSecond
	clipBegins = 0.08 // 9 % of the frames of the 100 "alexa" at +12 dB, of which 5 are missed; 5 % at +6 dB, 3 missed
	clipEnds   = 0.02

	loudPower  = 0.2  // -7 dBFS; a sine at full scale has -3
	loudBegins = 0.15 // 19 % of the same at +24 dB, 16 missed; 2 % of the loudest music
	loudEnds   = 0.08

	flatAfter = 10 * framesPerSecond
	flatEnds  = 1 * framesPerSecond

	offsetMemory = 10 * framesPerSecond
	offsetBegins = 0.1 // of full scale: silence reads -20 dBFS. Wake words are heard as well with 0.4 (99 of 100)
	offsetEnds   = 0.05
)

// share is how many of the last frames were of a kind; older ones count less and less.
type share struct{ some, all float64 }

func (s *share) add(yes bool, memory float64) {
	keep := 1 - 1/memory
	s.some, s.all = s.some*keep, s.all*keep+1
	if yes {
		s.some++
	}
}

func (s *share) of() float64 { return s.some / max(1, s.all) }

// judge finds out what is wrong with a microphone's sound. It allocates nothing unless a finding begins or ends.
type judge struct {
	name    string
	format  pcmFormat
	channel int
	gain    float32
	live    bool
	bands   *bands

	frames  int     // since findings were last looked at
	floor   float32 // of the power of the differences between samples, which low rumble and offsets have no part in
	quiets  int     // frames without sound
	trebles share
	hiss    share
	audible share
	clips   share
	louds   share
	offset  share // some: sum of means; all: frames
	same    int   // frames in a row of one value
	value   int16 // which one
	varied  int   // frames in a row that were not so
	buried  int   // frames in a row in which there was something, but too quiet for 16 bits

	silent share // of the pieces in which another channel carries sound: the chosen one does not
	power  [maxChannels]float64
	better int

	findings []Finding // in the order of FindingCodes; replaced, never changed
}

// begin gets ready for a device that was opened. What is known of it is kept when it is the same one as before, in the same format.
func (j *judge) begin(src *source, channel int) {
	b := j.bands
	if b == nil {
		b = newBands()
	}
	if j.name != src.name || j.format != src.format || j.channel != channel {
		*j = judge{name: src.name, format: src.format, channel: channel}
	}
	j.bands, j.live, j.same, j.varied, j.buried = b, src.live, 0, 0, 0
}

// add looks at a frame. raw tells whether the device gave anything but zeros, gain is the amplification that was applied.
func (j *judge) add(pcm *[FrameSamples]int16, raw bool, gain float32) {
	if gain != j.gain { // what was too loud or too quiet may not be so any more
		j.gain, j.audible, j.clips, j.louds = gain, share{}, share{}, share{}
	}
	j.frames++
	sum, power, edges, flat, clipped := look(pcm, clipLevel*min(1, gain))
	j.watchFlat(pcm, flat, raw)
	if flat {
		return
	}
	mean := float32(sum) / FrameSamples / (1 << 15)
	keep := 1 - 1/float64(offsetMemory)
	j.offset.some, j.offset.all = j.offset.some*keep+float64(mean), j.offset.all*keep+1
	power = max(0, power-mean*mean)
	if !j.sound(edges) {
		j.listenForHiss(pcm)
		return
	}
	j.audible.add(power > audible, quietMemory)
	j.clips.add(clipped, clipMemory)
	j.louds.add(power > loudPower, clipMemory)
	if clipped {
		return // its treble is made by the clipping
	}
	if low, high := j.bands.measure(pcm); high > low*treble || low > leastLow {
		j.trebles.add(high > low*treble && high > leastLow*treble, narrowMemory)
	}
}

// look sums a frame up: the sum of its samples, the mean squares of the samples and of the differences between them (full scale is 1), whether all are the same,
// and whether some in a row are louder than full.
func look(pcm *[FrameSamples]int16, full float32) (sum int, power, edges float32, flat, clipped bool) {
	limit := int(full * (1 << 15))
	var squares, steps int64
	run, last := 0, int(pcm[0])
	for _, s := range pcm {
		v := int(s)
		d := v - last
		last = v
		sum += v
		squares += int64(v * v)
		steps += int64(d * d)
		if v >= limit || -v >= limit {
			run++
			clipped = clipped || run >= clipRun
		} else {
			run = 0
		}
	}
	const scale = FrameSamples * (1 << 30)
	return sum, float32(squares) / scale, float32(steps) / scale, steps == 0, clipped
}

// sound tells whether there is more than the floor in a frame, and follows the floor.
func (j *judge) sound(edges float32) bool {
	switch {
	case j.floor == 0:
		j.floor = edges
	case edges < j.floor:
		j.floor += (edges - j.floor) * floorFall
	default:
		j.floor *= floorRise
	}
	j.floor = max(j.floor, leastFloor)
	return edges > soundOver*j.floor
}

// listenForHiss looks for noise above 4 kHz while there is no sound.
func (j *judge) listenForHiss(pcm *[FrameSamples]int16) {
	if j.quiets++; j.quiets%hissEvery == 0 {
		low, high := j.bands.measure(pcm)
		j.hiss.add(high > low*treble && high > leastHiss*max(1, j.gain*j.gain), narrowMemory/hissEvery)
	}
}

// watchFlat counts frames in which all samples are the same. Zeros are what a sound that is not a microphone's has between sounds.
func (j *judge) watchFlat(pcm *[FrameSamples]int16, flat, raw bool) {
	zero := flat && pcm[0] == 0
	switch {
	case zero && raw:
		j.buried++
		j.same = 0
	case flat && (j.same == 0 || pcm[0] == j.value) && (j.live || !zero):
		j.value, j.varied, j.buried = pcm[0], 0, 0
		j.same++
	default:
		j.same, j.buried = 0, 0
		j.varied++
	}
}

// due tells whether a second has gone by since findings were looked at.
func (j *judge) due() bool { return j.frames >= framesPerSecond }

// review decides what is wrong now, and tells what has begun and what has ended.
func (j *judge) review(now time.Time) (begun, ended []Finding) {
	j.frames = 0
	var list []Finding
	changed := false
	for _, code := range FindingCodes() {
		at := slices.IndexFunc(j.findings, func(f Finding) bool { return f.Code == code })
		is := j.is(code, at >= 0)
		switch {
		case is && at >= 0:
			list = append(list, j.findings[at])
		case is:
			f := Finding{Code: code, Text: j.sentence(code), Since: now}
			list, begun, changed = append(list, f), append(begun, f), true
		case at >= 0:
			ended, changed = append(ended, j.findings[at]), true
		}
	}
	if changed {
		j.findings = list
	}
	return begun, ended
}

// is decides about one finding; already tells whether it was so before.
func (j *judge) is(code string, already bool) bool {
	switch code {
	case FindingFlat:
		return j.same >= flatAfter || already && j.varied < flatEnds
	case FindingChannel:
		if already {
			return j.silent.of() > silentEnds
		}
		return j.silent.all >= silentAfter && j.silent.of() > silentBegins
	case FindingNarrow:
		return j.format.rate < narrowRate || j.hiss.of() < hissShare && under(&j.trebles, narrowAfter, narrowBegins, narrowEnds, already)
	case FindingQuiet:
		return j.buried >= quietAfter || under(&j.audible, quietAfter, quietBegins, quietEnds, already)
	case FindingClipping:
		return over(&j.clips, clipAfter, clipBegins, clipEnds, already)
	case FindingLoud:
		return j.clips.of() < clipEnds && over(&j.louds, clipAfter, loudBegins, loudEnds, already)
	default:
		limit := offsetBegins
		if already {
			limit = offsetEnds
		}
		return j.offset.all > offsetMemory/2 && math.Abs(j.offset.of()) > limit
	}
}

// under tells whether a share is too small.
func under(s *share, after, begins, ends float64, already bool) bool {
	if already {
		return s.of() < ends
	}
	return s.all >= after && s.of() < begins
}

// over tells whether a share is too large.
func over(s *share, after, begins, ends float64, already bool) bool {
	if already {
		return s.of() > ends
	}
	return s.all >= after && s.of() > begins
}
