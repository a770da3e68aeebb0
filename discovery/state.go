package discovery

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"time"
)

// State is what a satellite's entities show.
type State struct {
	Satellite         string // one of SatelliteStates
	Muted             bool
	SaveRecordings    bool
	SaveText          bool
	MicrophoneProblem bool
	AssistProblem     bool // commands are not carried out: Home Assistant is away, or refuses the token
	StorageProblem    bool
	LastHeard         time.Time            // zero: never
	Counts            *Counts              // nil while they are not known
	WakeWords         map[string]WordState // by WakeWord.ID
	GainDB            float64
	Keep              string // one of KeepOptions; empty: none of them says it
	Assistant         string // AsConfigured or a name of SetAssistants; empty: one that is not there
	LevelDBFS         float64
	Dropped           uint64        // frames, since the start
	DetectorCPU       float64       // per cent of one processor core that hearing wake words takes; 0 before it is known
	ReplyTime         time.Duration // from the end of speech to the reply; zero: there was none yet
	MicrophoneTest    string        // one of MicrophoneTests; empty: there was none yet
	Quality           string        // QualityGood or one of Config.Findings; empty: no sound comes
}

// Counts are what the history knows of a satellite.
type Counts struct {
	Recordings   int64
	Today        int64 // recordings since midnight
	FalseToday   int64 // false triggers since midnight
	LastDeletion time.Time
}

// WordState is how a satellite listens for a wake word.
type WordState struct {
	Active    bool
	Threshold float64 // 0..1
}

// Hub is what the entities of the bridge itself show.
type Hub struct {
	Counted       bool // the next three are known
	StoredBytes   int64
	Recordings    int64
	NextCleanup   time.Time
	HomeAssistant bool // takes commands
	Improve       bool // recordings help to improve the wake words
	Configuration bool // its file was changed, and is wrong
}

// SatelliteStates lists what a satellite can be doing; they are the states of Home Assistant's own satellites.
func SatelliteStates() []string { return []string{"idle", "listening", "processing", "responding"} }

// What Keep recordings can be. The last one stores nothing from now on.
const (
	KeepForever  = "forever"
	Keep18Months = "18 months"
	Keep3Months  = "3 months"
	Keep30Days   = "30 days"
	Keep7Days    = "7 days"
	Keep24Hours  = "24 hours"
	KeepNothing  = "do not save"
)

// KeepOptions lists them, the longest first.
func KeepOptions() []string {
	return []string{KeepForever, Keep18Months, Keep3Months, Keep30Days, Keep7Days, Keep24Hours, KeepNothing}
}

// AsConfigured is the assistant that the configuration names for each wake word, or else Home Assistant's preferred one.
const AsConfigured = "As configured"

// QualityGood is a microphone with whose sound nothing is wrong as far as is known.
const QualityGood = "good"

// What a microphone test can say.
const (
	TestRuns   = "testing"
	TestSpeech = "speech"  // somebody was heard to speak
	TestSound  = "sound"   // there was sound, but no speech
	TestQuiet  = "quiet"   // there was hardly any sound
	TestNone   = "nothing" // no sound came at all: it is muted, or gone
)

// MicrophoneTests lists them.
func MicrophoneTests() []string {
	return []string{TestRuns, TestSpeech, TestSound, TestQuiet, TestNone}
}

// values are the payloads of a state by entity; what is not known is left out, and so is what Home Assistant would refuse.
func (s *State) values() map[string]string {
	v := map[string]string{
		keyLastHeard:         instant(s.LastHeard),
		keyProblem:           onOff(s.MicrophoneProblem),
		keyAssist:            onOff(s.AssistProblem),
		keyStorage:           onOff(s.StorageProblem),
		string(Mute):         onOff(s.Muted),
		string(SaveSound):    onOff(s.SaveRecordings),
		string(SaveText):     onOff(s.SaveText),
		string(Gain):         strconv.FormatFloat(s.GainDB, 'f', -1, 64),
		string(Keep):         oneOf(KeepOptions(), s.Keep),
		string(SetAssistant): s.Assistant,
		keyTest:              oneOf(MicrophoneTests(), s.MicrophoneTest),
		keyQuality:           cmp.Or(s.Quality, unknown),
		keyLevel:             strconv.Itoa(int(math.Round(max(-120, min(s.LevelDBFS, 0))))),
		keyDropped:           strconv.FormatUint(s.Dropped, 10),
		keyDetectorCPU:       unknown,
		keyReplyTime:         unknown,
	}
	if s.Assistant == "" {
		v[string(SetAssistant)] = unknown
	}
	if s.DetectorCPU > 0 {
		v[keyDetectorCPU] = strconv.FormatFloat(s.DetectorCPU, 'f', 1, 64)
	}
	if s.ReplyTime > 0 {
		v[keyReplyTime] = strconv.FormatFloat(s.ReplyTime.Seconds(), 'f', 2, 64)
	}
	if slices.Contains(SatelliteStates(), s.Satellite) {
		v[keyState] = s.Satellite
	}
	if c := s.Counts; c != nil {
		v[keyRecordings] = strconv.FormatInt(c.Recordings, 10)
		v[keyToday] = strconv.FormatInt(c.Today, 10)
		v[keyFalseToday] = strconv.FormatInt(c.FalseToday, 10)
		v[keyLastDeletion] = instant(c.LastDeletion)
	}
	for id, w := range s.WakeWords {
		v[wordKey(Listen, id)] = onOff(w.Active)
		v[wordKey(Threshold, id)] = strconv.FormatFloat(rounded(w.Threshold), 'f', -1, 64)
	}
	return v
}

// values are the payloads of the bridge's entities.
func (h *Hub) values(version string) map[string]string {
	v := map[string]string{
		keyVersion:      version,
		keyHome:         onOff(h.HomeAssistant),
		string(Improve): onOff(h.Improve),
		keyConfig:       onOff(h.Configuration),
	}
	if h.Counted {
		v[keyRecordings] = strconv.FormatInt(h.Recordings, 10)
		v[keyStored] = strconv.FormatFloat(float64(h.StoredBytes)/1e6, 'f', 1, 64)
		v[keyCleanup] = instant(h.NextCleanup)
	}
	if version == "" {
		v[keyVersion] = unknown
	}
	return v
}

func oneOf(options []string, value string) string {
	if slices.Contains(options, value) {
		return value
	}
	return unknown
}

func instant(t time.Time) string {
	if t.IsZero() {
		return unknown
	}
	return t.UTC().Format(time.RFC3339)
}

func onOff(on bool) string {
	if on {
		return switchOn
	}
	return switchOff
}

// rounded keeps a probability short enough to read.
func rounded(p float64) float64 { return math.Round(p*1e4) / 1e4 }
