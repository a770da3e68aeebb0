package audio_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"earshot/internal/audio"
	"earshot/internal/audio/audiotest"
	"earshot/internal/testkit"
)

// startPulse starts a private sound server and makes this process use it.
func startPulse(t *testing.T) *audiotest.Pulse {
	t.Helper()
	p := audiotest.StartPulse(t)
	t.Setenv("PULSE_SERVER", p.Server)
	return p
}

func pulseMicrophone(driver, device string) *audio.Microphone {
	cfg := audio.DefaultConfig()
	cfg.Driver, cfg.Device = driver, device
	return audio.NewMicrophone(cfg, zerolog.Nop())
}

func TestPulseHearsWhatIsPlayed(t *testing.T) {
	p := startPulse(t)
	p.LoadNullSink("kitchen")
	m := pulseMicrophone("auto", "")
	r := m.Subscribe("test", 3000)
	defer start(t, m)()
	awaitState(t, m, audio.Listening, 20*time.Second)
	want := readWAV(t, nabu)
	if err := p.Play(nabu, "kitchen"); err != nil {
		t.Fatal(err)
	}
	got := hear(t, r, len(r.C())*audio.FrameSamples+8000) // all that came meanwhile, and what is under way
	if c, at := audiotest.Correlate(want, got); c < 0.98 {
		t.Errorf("what is heard correlates by %.3f at sample %d with what was played", c, at)
	} else {
		t.Logf("correlation %.4f at sample %d", c, at)
	}
	if s := m.Status(); s.Device != "Monitor of kitchen" || r.Dropped() != 0 {
		t.Errorf("%+v, %d frames dropped", s, r.Dropped())
	}
	for i := 0; ; i++ { // frames are captured now, and one follows the other
		f := <-r.C()
		if late := time.Since(f.Time); late < -10*time.Millisecond {
			t.Fatalf("a frame from the future: %v", late)
		} else if late < 200*time.Millisecond || i > 2000 {
			break
		}
	}
}

// TestPulseUnplugged takes the source away while another one is there, and gives it back.
func TestPulseUnplugged(t *testing.T) {
	for _, device := range []string{"", "kitchen.monitor", "Monitor of kitchen"} {
		t.Run("device "+device, func(t *testing.T) {
			p := startPulse(t)
			id := p.LoadNullSink("kitchen")
			m := pulseMicrophone("auto", device)
			r := m.Subscribe("test", 10000)
			defer start(t, m)()
			awaitState(t, m, audio.Listening, 20*time.Second)
			p.LoadNullSink("bedroom")
			if _, err := p.Pactl("set-default-source", "bedroom.monitor"); err != nil {
				t.Fatal(err)
			}
			p.Unload(id)
			awaitState(t, m, audio.Lost, 2*time.Second)
			began := time.Now()
			want := map[string]string{
				"":                   `The microphone "kitchen.monitor" is gone: plug it in again (no other one takes its place).`,
				"kitchen.monitor":    `There is no source "kitchen.monitor"; there are: bedroom.monitor.`,
				"Monitor of kitchen": `There is no source "Monitor of kitchen"; there are: bedroom.monitor.`,
			}[device]
			awaitReason(t, m, want, 5*time.Second)
			for time.Since(began) < 1500*time.Millisecond { // longer than the first wait
				if n := p.Recordings(); n != 0 || m.Status().State != audio.Lost {
					t.Fatalf("%d streams record while the microphone is unplugged (%+v)", n, m.Status())
				}
				<-time.After(50 * time.Millisecond)
			}
			for len(r.C()) > 0 {
				<-r.C()
			}
			p.LoadNullSink("kitchen")
			back := time.Now()
			awaitState(t, m, audio.Listening, time.Second)
			t.Logf("heard again %v after it was plugged in", time.Since(back))
			if f := <-r.C(); !f.Restart {
				t.Error("the first frame after the loss has no Restart")
			}
		})
	}
}

func TestPulseMute(t *testing.T) {
	p := startPulse(t)
	p.LoadNullSink("kitchen")
	m := pulseMicrophone("pulse", "kitchen.monitor")
	defer start(t, m)()
	for range 2 {
		awaitState(t, m, audio.Listening, 20*time.Second)
		if n := p.Recordings(); n != 1 {
			t.Errorf("%d streams record, want one", n)
		}
		m.SetMuted(true)
		awaitState(t, m, audio.Muted, 5*time.Second)
		if n := p.Recordings(); n != 0 {
			t.Errorf("%d streams record while muted", n)
		}
		m.SetMuted(false)
	}
}

func TestPulseServerKilled(t *testing.T) {
	p := startPulse(t)
	p.LoadNullSink("kitchen")
	m := pulseMicrophone("auto", "")
	defer start(t, m)()
	awaitState(t, m, audio.Listening, 20*time.Second)
	p.Stop()
	awaitState(t, m, audio.Lost, 2*time.Second)
	if got, want := m.Status().Reason, "The connection to the sound server ended."; got != want {
		t.Errorf("reason %q, want %q", got, want)
	}
	p.Start()
	p.LoadNullSink("kitchen")
	awaitState(t, m, audio.Listening, 20*time.Second)
}

func TestPulseSuspended(t *testing.T) {
	p := startPulse(t)
	p.Load("module-null-source", "source_name=usb")
	p.Load("module-suspend-on-idle", "timeout=0")
	m := pulseMicrophone("pulse", "usb")
	defer start(t, m)()
	awaitState(t, m, audio.Listening, 20*time.Second)
	if _, err := p.Pactl("suspend-source", "usb", "1"); err != nil {
		t.Fatal(err)
	}
	awaitReason(t, m, "The sound server suspended the microphone.", 2*time.Second)
	if _, err := p.Pactl("suspend-source", "usb", "0"); err != nil {
		t.Fatal(err)
	}
	awaitState(t, m, audio.Listening, 8*time.Second) // a null source that was opened while suspended begins late
}

// TestPulseFormats opens sources whose own formats differ, and wants the channel that was asked for.
func TestPulseFormats(t *testing.T) {
	p := startPulse(t)
	for i, format := range []string{"s16be", "s24le", "s24-32le", "s32le", "float32le"} {
		p.Load("module-null-sink", fmt.Sprintf("sink_name=sink%d", i), "norewinds=1", "rate=44100", "channels=4", "format="+format, "channel_map=aux0,aux1,aux2,aux3")
		p.Load("module-sine", fmt.Sprintf("sink=sink%d", i), "frequency=1000")
		cfg := audio.DefaultConfig()
		cfg.Driver, cfg.Device, cfg.Channel = "pulse", fmt.Sprintf("sink%d.monitor", i), 3
		m := audio.NewMicrophone(cfg, zerolog.Nop())
		r := m.Subscribe("test", 1000)
		stop := start(t, m)
		pcm := hear(t, r, 4800)
		stop()
		if tone, all := levelAt(pcm[1600:], 1000), rms(pcm[1600:])+3.01; tone < -20 || tone < all-0.5 {
			t.Errorf("%s: a tone of %.1f dBFS in %.1f dBFS", format, tone, all)
		}
	}
}

func TestPulseProblems(t *testing.T) {
	p := startPulse(t)
	for _, tt := range []struct {
		device, want string
	}{
		{"", "The sound server has no microphone."},
		{"kitchen.monitor", `There is no source "kitchen.monitor": the sound server has no microphone.`},
	} {
		m := pulseMicrophone("pulse", tt.device)
		stop := start(t, m)
		awaitReason(t, m, tt.want, 5*time.Second)
		stop()
	}
	p.LoadNullSink("kitchen")
	p.Load("module-null-sink", "sink_name=other", "sink_properties=device.description=kitchen")
	for _, tt := range []struct {
		device  string
		channel int
		want    string
	}{
		{"kitchen.monitor", 2, "There is no channel 2: the microphone has 2, and the first one is 0."},
		{"Monitor of kitchen", 0, `There are several sources "Monitor of kitchen"; use one of their names: kitchen.monitor, other.monitor.`},
		{strings.Repeat("x", 5000), 0, fmt.Sprintf("There is no source %q; there are: kitchen.monitor, other.monitor.", strings.Repeat("x", 5000))},
	} {
		cfg := audio.DefaultConfig()
		cfg.Driver, cfg.Device, cfg.Channel = "pulse", tt.device, tt.channel
		m := audio.NewMicrophone(cfg, zerolog.Nop())
		stop := start(t, m)
		awaitReason(t, m, tt.want, 5*time.Second)
		stop()
	}
}

// TestAutoFallsBack has no sound server, but sound cards.
func TestAutoFallsBack(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "none")
	t.Setenv("PULSE_SERVER", socket)
	m := pulseMicrophone("auto", "")
	stop := start(t, m)
	awaitState(t, m, audio.Listening, 20*time.Second)
	if got, want := m.Status().Device, "plughw:CARD=PCH,DEV=0"; got != want {
		t.Errorf("device %s, want %s", got, want)
	}
	stop()
	t.Setenv("PATH", t.TempDir())
	m = pulseMicrophone("auto", "")
	defer start(t, m)()
	awaitReason(t, m, "No microphone found: no sound server answers: dial unix "+socket+
		": connect: no such file or directory, and arecord is not installed; it is in the package alsa-utils; plug one in, or name one as device.", 5*time.Second)
}

func TestDevices(t *testing.T) {
	p := startPulse(t)
	p.LoadNullSink("kitchen")
	p.Load("module-null-sink", "sink_name=auto_null") // the dummy of a machine without sound cards
	list, err := audio.Devices(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := audio.Device{Driver: "pulse", ID: "kitchen.monitor", Description: "Monitor of kitchen", Default: true, Rate: 48000, Channels: 2}
	if diff := cmp.Diff(append([]audio.Device{want}, audio.ParseCards(cardList)...), list); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	p.Stop()
	t.Setenv("PATH", t.TempDir())
	if list, err := audio.Devices(t.Context()); len(list) != 0 || err != nil {
		t.Errorf("on a machine without sound: %v, %v", list, err)
	}
}

func TestServerAddresses(t *testing.T) {
	t.Setenv("PULSE_SERVER", "{0123}unix:/a/native /b tcp:host tcp6:[::1]:4000 host2:99")
	if diff := cmp.Diff([]string{"unix /a/native", "unix /b", "tcp host:4713", "tcp6 [::1]:4000", "tcp host2:99"}, audio.ServerAddresses()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	t.Setenv("PULSE_SERVER", "")
	t.Setenv("PULSE_RUNTIME_PATH", "/p")
	t.Setenv("XDG_RUNTIME_DIR", "/x")
	want := []string{"unix /p/native", "unix /x/pulse/native", fmt.Sprintf("unix /run/user/%d/pulse/native", os.Getuid()), "unix /run/pulse/native"}
	if diff := cmp.Diff(want, audio.ServerAddresses()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestClientConfiguration finds the sound server and the microphone that an add-on of Home Assistant is told of. ref: supervisor/data/pulse-client.tmpl
func TestClientConfiguration(t *testing.T) {
	p := startPulse(t)
	p.LoadNullSink("kitchen")
	p.LoadNullSink("hall")
	socket, unix := strings.CutPrefix(p.Server, "unix:")
	if !unix {
		t.Fatalf("the server is at %s", p.Server)
	}
	file := filepath.Join(t.TempDir(), "client.conf")
	text := "# default-server = elsewhere\n; autospawn = yes\n\ndefault-source = hall.monitor\n\ndefault-server = unix:/" + socket + "\nautospawn = no\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PULSE_SERVER", "")
	t.Setenv("PULSE_CLIENTCONFIG", file)
	m := pulseMicrophone("auto", "")
	defer start(t, m)()
	awaitState(t, m, audio.Listening, 20*time.Second)
	if got := m.Status().Device; got != "Monitor of hall" {
		t.Errorf("it listens to %s", got)
	}
	t.Setenv("PULSE_SERVER", "unix:/elsewhere")
	if diff := cmp.Diff([]string{"unix /elsewhere"}, audio.ServerAddresses()); diff != "" {
		t.Errorf("the environment does not count before the file (-want +got):\n%s", diff)
	}
}

// TestEqualSources tells two equal cards apart by where they are plugged in.
func TestEqualSources(t *testing.T) {
	p := startPulse(t)
	for name, properties := range map[string]string{
		"yeti":   "device.serial=Yeti_77 device.bus_path=pci-0000:00:14.0-usb-0:3:1.0",
		"cheap":  "device.serial=C-Media device.bus_path=pci-0000:00:14.0-usb-0:1:1.0",
		"cheap2": "device.serial=C-Media device.bus_path=pci-0000:00:14.0-usb-0:2:1.0",
	} {
		p.Load("module-pipe-source", "source_name="+name, "file="+filepath.Join(t.TempDir(), name), "format=s16le", "rate=16000", "channels=1", "source_properties='"+properties+"'")
	}
	t.Setenv("PATH", t.TempDir()) // no ALSA
	list, err := audio.Devices(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, d := range list {
		ids = append(ids, d.ID)
	}
	slices.Sort(ids)
	if diff := cmp.Diff([]string{"pci-0000:00:14.0-usb-0:1:1.0", "pci-0000:00:14.0-usb-0:2:1.0", "yeti"}, ids); diff != "" {
		t.Error(diff)
	}
	m := pulseMicrophone("pulse", "C-Media")
	stop := start(t, m)
	changes, forget := m.Watch()
	defer forget()
	for !strings.HasPrefix(m.Status().Reason, `There are several sources "C-Media"; use one of their names: cheap`) {
		select {
		case <-changes:
		case <-time.After(10 * time.Second):
			t.Fatalf("a name that two have: %+v", m.Status())
		}
	}
	stop()
	for device, want := range map[string]string{"Yeti_77": "yeti", "pci-0000:00:14.0-usb-0:2:1.0": "cheap2"} {
		m := pulseMicrophone("pulse", device)
		stop := start(t, m)
		if !testkit.Poll(10*time.Second, func() bool { return strings.Contains(m.Status().Device, want) }) {
			t.Errorf("%s is %+v", device, m.Status())
		}
		stop()
	}
}
