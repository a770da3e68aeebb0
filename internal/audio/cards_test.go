package audio_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"earshot/internal/audio"
)

// machine is a tree of the kernel's files.
type machine struct {
	t    *testing.T
	root string
}

// Places to plug something in, as the kernel names them.
const (
	pciBus  = "pci0000:00/0000:00:14.0"
	piBus   = "platform/scb/fd500000.pcie/pci0000:00/0000:00:00.0/0000:01:00.0"
	piSound = "platform/soc/soc:sound"
)

func (m machine) write(path, text string) {
	m.t.Helper()
	path = filepath.Join(m.root, path)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		m.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text+"\n"), 0o600); err != nil {
		m.t.Fatal(err)
	}
}

func (m machine) link(path, target string) {
	m.t.Helper()
	path = filepath.Join(m.root, path)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		m.t.Fatal(err)
	}
	_ = os.Remove(path) // one that is there belonged to another card
	if err := os.Symlink(target, path); err != nil {
		m.t.Fatal(err)
	}
}

// belongs gives every folder of a device its subsystem, as far as its name tells that it is one.
func (m machine) belongs(device string) {
	m.t.Helper()
	at := "sys/devices"
	for part := range strings.SplitSeq(device, "/") {
		at += "/" + part
		switch {
		case strings.HasPrefix(part, "pci0000"), part == "platform", part == "soc":
		case strings.HasPrefix(part, "0000:"):
			m.link(at+"/subsystem", "/sys/bus/pci")
		case strings.HasPrefix(part, "usb"), strings.HasPrefix(part, "1-"):
			m.link(at+"/subsystem", "/sys/bus/usb")
		default:
			m.link(at+"/subsystem", "/sys/bus/platform")
		}
	}
}

// plug puts a card with a number and an id at a device.
func (m machine) plug(number int, id, device string) {
	m.t.Helper()
	m.belongs(device)
	card := fmt.Sprintf("sys/devices/%s/sound/card%d", device, number)
	m.write(card+"/id", id)
	m.link(card+"/device", "../..")
	m.link(fmt.Sprintf("sys/class/sound/card%d", number), filepath.Join(m.root, card))
	m.write(fmt.Sprintf("sys/class/sound/pcmC%dD0c/uevent", number), "")
	m.write(fmt.Sprintf("sys/class/sound/pcmC%dD0p/uevent", number), "")
}

// usb plugs in a USB card, and returns the folder of its interface.
func (m machine) usb(number int, id, port, serial string) {
	m.t.Helper()
	chain := strings.Split(port, ".")
	device := pciBus + "/usb1"
	for i := range chain {
		device += "/1-" + strings.Join(chain[:i+1], ".")
	}
	for file, text := range map[string]string{"idVendor": "0d8c", "idProduct": "0014", "manufacturer": "C-Media Electronics Inc.", "product": "USB Audio Device"} {
		m.write("sys/devices/"+device+"/"+file, text)
	}
	if serial != "" {
		m.write("sys/devices/"+device+"/serial", serial)
	}
	m.plug(number, id, device+"/1-"+port+":1.0")
}

func (m machine) unplug(number int) {
	m.t.Helper()
	if err := os.Remove(filepath.Join(m.root, fmt.Sprintf("sys/class/sound/card%d", number))); err != nil {
		m.t.Fatal(err)
	}
}

// TestCardsAreNamedForGood proposes for each card the name by which it is found again, whatever else is plugged in, and wherever.
func TestCardsAreNamedForGood(t *testing.T) {
	// The fake arecord has the cards PCH, Device_1 with a device 1, and seeed2micvoicec.
	for name, c := range map[string]struct {
		plug func(m machine)
		want map[string]audio.Device // by the id of the card
	}{
		"nothing is known": {func(machine) {}, map[string]audio.Device{
			"PCH": {ID: "plughw:CARD=PCH,DEV=0"}, "Device_1": {ID: "plughw:CARD=Device_1,DEV=1"},
		}},
		"on board, and on an I2S bus": {func(m machine) {
			m.plug(0, "PCH", "pci0000:00/0000:00:1f.3")
			m.plug(3, "seeed2micvoicec", piSound)
		}, map[string]audio.Device{
			"PCH":             {ID: "plughw:CARD=PCH,DEV=0", BusPath: "pci-0000:00:1f.3"},
			"seeed2micvoicec": {ID: "plughw:CARD=seeed2micvoicec,DEV=0", BusPath: "platform-soc:sound"},
		}},
		"one without a serial number": {func(m machine) { m.usb(2, "Device_1", "2", "") }, map[string]audio.Device{
			"Device_1": {ID: "plughw:CARD=Device_1,DEV=1", BusPath: "pci-0000:00:14.0-usb-0:2:1.0"},
		}},
		"one with a serial number": {func(m machine) { m.usb(2, "Device_1", "2.3", "AB 12/x") }, map[string]audio.Device{
			"Device_1": {
				ID:     "C-Media_Electronics_Inc._USB_Audio_Device_AB_12_x",
				Serial: "C-Media_Electronics_Inc._USB_Audio_Device_AB_12_x", BusPath: "pci-0000:00:14.0-usb-0:2.3:1.0",
			},
		}},
		"two that are equal": {func(m machine) { m.usb(1, "Device", "1", ""); m.usb(2, "Device_1", "2", "") }, map[string]audio.Device{
			"Device_1": {ID: "pci-0000:00:14.0-usb-0:2:1.0", BusPath: "pci-0000:00:14.0-usb-0:2:1.0"},
		}},
		"two with one serial number": {func(m machine) { m.usb(1, "Device", "1", "0000"); m.usb(2, "Device_1", "2", "0000") }, map[string]audio.Device{
			"Device_1": {
				ID: "pci-0000:00:14.0-usb-0:2:1.0", Serial: "C-Media_Electronics_Inc._USB_Audio_Device_0000", BusPath: "pci-0000:00:14.0-usb-0:2:1.0",
			},
		}},
		"on a Raspberry Pi": {func(m machine) {
			m.plug(2, "Device_1", piBus+"/usb1/1-1/1-1.3/1-1.3:1.0")
		}, map[string]audio.Device{
			"Device_1": {ID: "plughw:CARD=Device_1,DEV=1", BusPath: "platform-fd500000.pcie-pci-0000:01:00.0-usb-0:1.3:1.0"},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			m := machine{t, t.TempDir()}
			c.plug(m)
			list, err := audio.CardsOf(t.Context(), m.root)
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]audio.Device{}
			for _, d := range list {
				if _, wanted := c.want[d.Card]; wanted {
					got[d.Card] = audio.Device{ID: d.ID, Serial: d.Serial, BusPath: d.BusPath}
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestCardIsFoundAgain opens the card that is plugged in at a place, under whatever id it has there now.
func TestCardIsFoundAgain(t *testing.T) {
	t.Parallel()
	m := machine{t, t.TempDir()}
	m.usb(1, "Other", "1", "")
	m.usb(2, "Exit", "2", "AB12") // of the fake arecord: it is lost after a moment
	for _, name := range []string{"pci-0000:00:14.0-usb-0:2:1.0", "AB12", "C-Media_Electronics_Inc._USB_Audio_Device_AB12"} {
		cfg := audio.DefaultConfig()
		cfg.Driver, cfg.Device, cfg.Channel = "alsa", name, 1
		mic := audio.NewALSAMicrophone(cfg, m.root)
		stop := start(t, mic)
		awaitState(t, mic, audio.Listening, 20*time.Second)
		if got := mic.Status().Device; got != "plughw:CARD=Exit,DEV=0" {
			t.Errorf("%s is %s", name, got)
		}
		awaitReason(t, mic, "Arecord ended: arecord: pcm_read:2221: read error: No such device (exit status 1).", 20*time.Second)
		stop()
	}
	cfg := audio.DefaultConfig()
	cfg.Driver, cfg.Device, cfg.Channel = "alsa", "pci-0000:00:14.0-usb-0:2:1.0", 1
	mic := audio.NewALSAMicrophone(cfg, m.root)
	defer start(t, mic)()
	awaitState(t, mic, audio.Lost, 20*time.Second)
	m.unplug(2)
	awaitReason(t, mic, "There is no sound card at pci-0000:00:14.0-usb-0:2:1.0 now: plug it in there again; there are: pci-0000:00:14.0-usb-0:1:1.0.", 20*time.Second)
	m.usb(5, "Good", "2", "") // another number and another id, at the same place
	awaitState(t, mic, audio.Listening, 30*time.Second)
	if got := mic.Status().Device; got != "plughw:CARD=Good,DEV=0" {
		t.Errorf("after it was plugged in again it is %s", got)
	}
}

// TestCardIsNotGuessed refuses a name that two cards have, and one that no card can have.
func TestCardIsNotGuessed(t *testing.T) {
	t.Parallel()
	m := machine{t, t.TempDir()}
	m.usb(1, "Device", "1", "0000")
	m.usb(2, "Device_1", "2", "0000")
	for name, want := range map[string]string{
		"0000":                         `There are several sound cards "0000"; name the one you mean by its place: pci-0000:00:14.0-usb-0:1:1.0, pci-0000:00:14.0-usb-0:2:1.0.`,
		"pci-0000:00:14.0-usb-0:7:1.0": `There is no sound card at pci-0000:00:14.0-usb-0:7:1.0 now: plug it in there again; there are: pci-0000:00:14.0-usb-0:1:1.0, pci-0000:00:14.0-usb-0:2:1.0.`,
		"Blue_Microphones_Yeti_77":     `There is no sound card "Blue_Microphones_Yeti_77" now: plug it in again; there are: pci-0000:00:14.0-usb-0:1:1.0, pci-0000:00:14.0-usb-0:2:1.0.`,
	} {
		cfg := audio.DefaultConfig()
		cfg.Driver, cfg.Device = "alsa", name
		mic := audio.NewALSAMicrophone(cfg, m.root)
		stop := start(t, mic)
		awaitReason(t, mic, want, 20*time.Second)
		stop()
	}
}
