package audio

import (
	"fmt"
	"time"
)

// The codes of what can be wrong with a microphone's sound, the worst first.
const (
	FindingFlat     = "flat"     // the device runs, and every sample is the same
	FindingChannel  = "channel"  // the chosen channel is silent, another one carries sound
	FindingNarrow   = "narrow"   // there is nothing above 4 kHz
	FindingQuiet    = "quiet"    // everything is very quiet
	FindingClipping = "clipping" // sounds reach full scale
	FindingLoud     = "loud"     // everything is about as loud as full scale, as of an input that is overdriven
	FindingOffset   = "offset"   // silence is not at zero
)

// FindingCodes lists them in this order, in which findings are listed too.
func FindingCodes() []string {
	return []string{FindingFlat, FindingChannel, FindingNarrow, FindingQuiet, FindingClipping, FindingLoud, FindingOffset}
}

// Finding is something about a microphone's sound that makes wake words harder to hear. It is a warning: the microphone is listened to all the same.
type Finding struct {
	Code  string    // one of FindingCodes
	Text  string    // what it is and what to do, for people
	Since time.Time // when it was found
}

// sentence says what a finding means, and what to do.
func (j *judge) sentence(code string) string {
	switch code {
	case FindingFlat:
		return "This microphone runs and delivers no sound at all, as one that is muted at the device or in the sound server does: unmute it, or plug it in again."
	case FindingChannel:
		return fmt.Sprintf("Channel %d of this microphone is silent, channel %d carries sound: set microphone.channel: %d.", j.channel, j.better, j.better)
	case FindingNarrow:
		return "This microphone delivers nothing above 4 kHz: wake words will often be missed. " +
			"A Bluetooth headset does so in its headset profile, and so do devices of 8 kHz; use another microphone, or a profile of 16 kHz or more."
	case FindingQuiet:
		if j.format.encoding == s32le {
			return "Everything this microphone hears is very quiet, and wake words will be missed: raise microphone.gain_db. " +
				"An I2S card that writes 24 bits into the lower part of 32 needs microphone.format: s24_32le instead."
		}
		return "Everything this microphone hears is very quiet, and wake words will be missed: raise its volume in the sound settings or microphone.gain_db, or put it closer."
	case FindingClipping:
		return "This microphone is too loud and clips: lower its volume in the sound settings or microphone.gain_db, or wake words will be missed."
	case FindingLoud:
		return "This microphone is overdriven: everything is about as loud as can be. Lower its volume in the sound settings, or switch its boost off."
	default:
		return "Silence is not at zero on this microphone (a DC offset), so its level reads too high and it clips early: try another input or card."
	}
}
