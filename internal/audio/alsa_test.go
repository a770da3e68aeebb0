package audio_test

import (
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"earshot/internal/audio"
)

// cardParams is what arecord --dump-hw-params prints for a card of 32 bits and two channels.
const cardParams = `Recording raw data '/dev/null' : Unsigned 8 bit, Rate 8000 Hz, Mono
HW Params of device "hw:CARD=Good,DEV=0":
--------------------
ACCESS:  MMAP_INTERLEAVED RW_INTERLEAVED
FORMAT:  S16_LE S32_LE
SUBFORMAT:  STD
SAMPLE_BITS: [16 32]
FRAME_BITS: [32 64]
CHANNELS: 2
RATE: [8000 48000]
PERIOD_TIME: (83 2730667)
PERIODS: [2 2048]
--------------------
arecord: set_params:1352: Sample format non available
Available formats:
- S16_LE
- S32_LE
`

const cardList = `**** List of CAPTURE Hardware Devices ****
card 0: PCH [HDA Intel PCH], device 0: ALC269VB Analog [ALC269VB Analog]
  Subdevices: 1/1
  Subdevice #0: subdevice #0
card 2: Device_1 [USB Audio Device], device 1: USB Audio [USB Audio]
  Subdevices: 0/1
card 3: seeed2micvoicec [seeed-2mic-voicecard], device 0: bcm2835-i2s-wm8960-hifi wm8960-hifi-0 []
`

// fakeArecord is arecord with several cards; on each something else happens.
func fakeArecord(args []string) int {
	if slices.Contains(args, "-l") {
		fmt.Print(cardList)
		return 0
	}
	device := args[slices.Index(args, "-D")+1]
	card, _, _ := strings.Cut(device[strings.Index(device, "CARD=")+5:], ",")
	if slices.Contains(args, "--dump-hw-params") {
		if card == "Busy" {
			fmt.Fprintln(os.Stderr, "arecord: main:831: audio open error: Device or resource busy")
			return 1
		}
		fmt.Fprint(os.Stderr, cardParams)
		return 1
	}
	want := "-q -D plughw:CARD=" + card + ",DEV=0 -t raw -f S32_LE -r 48000 -c 2 --period-size=960 --buffer-size=24000"
	if got := strings.Join(args, " "); got != want {
		fmt.Fprintf(os.Stderr, "got %q, want %q\n", got, want)
		return 2
	}
	switch card {
	case "Hang":
		select {}
	case "Exit":
		sendTone(20)
		fmt.Fprintln(os.Stderr, "arecord: pcm_read:2221: read error: No such device")
		return 1
	case "Overrun":
		sendTone(20)
		fmt.Fprintln(os.Stderr, "overrun!!! (at least 38.529 ms long)")
	}
	sendTone(math.MaxInt)
	return 0
}

// sendTone writes periods of 20 ms, as fast as a card would: the right channel is a tone of 1 kHz at half of full scale, the left one is silent.
func sendTone(periods int) {
	began := time.Now()
	at := 0
	for i := range periods {
		var b []byte
		for range 960 {
			b = binary.LittleEndian.AppendUint32(b, 0)
			b = binary.LittleEndian.AppendUint32(b, uint32(int32(0.5*math.MaxInt32*math.Sin(2*math.Pi*1000/48000*float64(at)))))
			at++
		}
		time.Sleep(time.Until(began.Add(time.Duration(i+1) * 20 * time.Millisecond)))
		if _, err := os.Stdout.Write(b); err != nil {
			os.Exit(1)
		}
	}
}

func alsaMicrophone(device string) *audio.Microphone {
	cfg := audio.DefaultConfig()
	cfg.Driver, cfg.Device, cfg.Channel = "alsa", device, 1
	return audio.NewMicrophone(cfg, zerolog.Nop())
}

// hear takes samples off a reader.
func hear(t *testing.T, r *audio.Reader, samples int) []int16 {
	t.Helper()
	var pcm []int16
	for deadline := time.After(time.Duration(samples)*time.Second/audio.SampleRate + 5*time.Second); len(pcm) < samples; {
		select {
		case f := <-r.C():
			pcm = append(pcm, f.PCM[:]...)
		case <-deadline:
			t.Fatalf("only %d samples of %d came", len(pcm), samples)
		}
	}
	return pcm
}

// awaitReason waits until the microphone was lost for a reason.
func awaitReason(t *testing.T, m *audio.Microphone, want string, within time.Duration) {
	t.Helper()
	changes, stop := m.Watch()
	defer stop()
	deadline := time.After(within)
	for m.Status().Reason != want {
		select {
		case <-changes:
		case <-deadline:
			t.Fatalf("after %v: %+v, want reason %q", within, m.Status(), want)
		}
	}
}

func TestALSARecords(t *testing.T) {
	t.Parallel()
	m := alsaMicrophone("Good")
	r := m.Subscribe("test", 1000)
	defer start(t, m)()
	pcm := hear(t, r, 8000)
	if level := levelAt(pcm, 1000); math.Abs(level+6.02) > 0.1 {
		t.Errorf("the tone of channel 1 has %.2f dBFS, want -6.02", level)
	}
	if s := m.Status(); s.State != audio.Listening || s.Device != "plughw:CARD=Good,DEV=0" || s.Dropped != 0 {
		t.Errorf("%+v", s)
	}
}

func TestALSAHangs(t *testing.T) {
	t.Parallel()
	m := alsaMicrophone("hw:CARD=Hang,DEV=0")
	defer start(t, m)()
	awaitReason(t, m, "No sound came from the microphone for 3s.", 8*time.Second)
}

func TestALSAExitIsTriedAgain(t *testing.T) {
	t.Parallel()
	m := alsaMicrophone("Exit")
	defer start(t, m)()
	awaitReason(t, m, "Arecord ended: arecord: pcm_read:2221: read error: No such device (exit status 1).", 5*time.Second)
	awaitState(t, m, audio.Listening, 20*time.Second)
}

func TestALSAOverrun(t *testing.T) {
	t.Parallel()
	m := alsaMicrophone("Overrun")
	r := m.Subscribe("test", 1000)
	defer start(t, m)()
	restarts := 0
	for range 60 {
		if f := <-r.C(); f.Restart {
			restarts++
		}
	}
	if n := m.Status().Dropped; n != 4 || restarts != 2 {
		t.Errorf("an overrun of 38.5 ms counts as %d frames, and %d frames have Restart; want 4 and 2", n, restarts)
	}
}

func TestALSABusy(t *testing.T) {
	t.Parallel()
	m := alsaMicrophone("Busy")
	defer start(t, m)()
	awaitReason(t, m, "Open hw:CARD=Busy,DEV=0: arecord: main:831: audio open error: Device or resource busy.", 5*time.Second)
}

// TestALSALeavesNoProcess wants arecord gone when the microphone is muted.
func TestALSALeavesNoProcess(t *testing.T) {
	t.Parallel()
	m := alsaMicrophone("Quiet" + strconv.Itoa(os.Getpid()))
	defer start(t, m)()
	awaitState(t, m, audio.Listening, 20*time.Second)
	if n := processes(t, "CARD=Quiet"+strconv.Itoa(os.Getpid())); n != 1 {
		t.Errorf("%d programs record, want one", n)
	}
	m.SetMuted(true)
	awaitState(t, m, audio.Muted, 5*time.Second)
	if n := processes(t, "CARD=Quiet"+strconv.Itoa(os.Getpid())); n != 0 {
		t.Errorf("%d programs record while muted", n)
	}
}

// processes counts the processes that have mark in their arguments.
func processes(t *testing.T, mark string) int {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, file := range files {
		if data, err := os.ReadFile(file); err == nil && strings.Contains(string(data), mark) { // it may have ended meanwhile
			n++
		}
	}
	return n
}

func TestParseCards(t *testing.T) {
	want := []audio.Device{
		{Driver: "alsa", ID: "plughw:CARD=PCH,DEV=0", Card: "PCH", Description: "HDA Intel PCH, ALC269VB Analog", Default: true},
		{Driver: "alsa", ID: "plughw:CARD=Device_1,DEV=1", Card: "Device_1", Description: "USB Audio Device, USB Audio"},
		{Driver: "alsa", ID: "plughw:CARD=seeed2micvoicec,DEV=0", Card: "seeed2micvoicec", Description: "seeed-2mic-voicecard"},
	}
	if diff := cmp.Diff(want, audio.ParseCards(cardList)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if got := audio.ParseCards("arecord: device_list:274: no soundcards found...\n"); got != nil {
		t.Errorf("without cards: %v", got)
	}
}

func TestParseHWParams(t *testing.T) {
	tests := []struct {
		name, text string
		channel    int
		want       string // format, rate, channels
	}{
		{"32 bits, two channels", cardParams, 1, "S32_LE 48000 2"},
		{"USB microphone", "FORMAT:  S16_LE\nCHANNELS: 1\nRATE: 44100\n", 0, "S16_LE 44100 1"},
		{"array with its own 16 kHz", "FORMAT:  S16_LE S24_3LE\nCHANNELS: 6\nRATE: 16000\n", 0, "S24_3LE 16000 6"},
		{"anything goes", "FORMAT:  S8 U8 S16_LE S24_LE S32_LE\nCHANNELS: [1 1073741823]\nRATE: (0 4294967295]\n", 2, "S32_LE 48000 3"},
		{"odd rate", "FORMAT:  S16_LE\nCHANNELS: [1 2]\nRATE: 44056\n", 0, "S16_LE 48000 1"},
		{"nonsense", "FORMAT: ?\nCHANNELS: [2\nRATE: [x y]\n", 0, "S16_LE 48000 2"},
		{"nothing", "", 0, "S16_LE 48000 1"},
	}
	for _, tt := range tests {
		args, found := audio.ParseHWParams(tt.text, tt.channel)
		if got := strings.Join([]string{args[6], args[8], args[10]}, " "); got != tt.want || found != (tt.text != "") {
			t.Errorf("%s: %s (found: %t), want %s", tt.name, got, found, tt.want)
		}
	}
}
