package audio

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// soundCard is what the kernel says of a card of this machine.
type soundCard struct {
	number  int    // changes from start to start
	id      string // what ALSA calls it; of two equal ones the second gets another, and which one that is may change
	product string // vendor and product of a USB device, such as 0d8c:0014; "" for others
	serial  string // of a USB device: vendor, product and serial number, as udev names it; "" when it has no serial number
	bare    string // the serial number alone
	path    string // where it is plugged in, as udev names it; "" when that cannot be told
	capture []int  // numbers of the devices that can be recorded from
}

// soundCards reads the cards from the kernel's files below root, in the order of their numbers; a machine without them has none.
func soundCards(root string) (cards []soundCard) {
	class := filepath.Join(root, "sys/class/sound")
	entries, _ := os.ReadDir(class)
	for _, e := range entries {
		number, is := strings.CutPrefix(e.Name(), "card")
		n, err := strconv.Atoi(number)
		if !is || err != nil {
			continue
		}
		c := soundCard{number: n, id: readLine(filepath.Join(class, e.Name(), "id")), capture: captureDevices(class, n)}
		if device, err := filepath.EvalSymlinks(filepath.Join(class, e.Name(), "device")); err == nil {
			c.path = busPath(device)
			c.usb(device)
		}
		cards = append(cards, c)
	}
	slices.SortFunc(cards, func(a, b soundCard) int { return cmp.Compare(a.number, b.number) })
	return cards
}

// captureDevices are the numbers of a card's devices that can be recorded from.
func captureDevices(class string, card int) (numbers []int) {
	found, _ := filepath.Glob(filepath.Join(class, fmt.Sprintf("pcmC%dD*c", card))) // the pattern is well formed
	for _, f := range found {
		var c, d int
		if _, err := fmt.Sscanf(filepath.Base(f), "pcmC%dD%dc", &c, &d); err == nil {
			numbers = append(numbers, d)
		}
	}
	slices.Sort(numbers)
	return numbers
}

// usb reads what a USB device says of itself. The card belongs to one of its interfaces.
func (c *soundCard) usb(device string) {
	dir := filepath.Dir(device)
	vendor, product := readLine(filepath.Join(dir, "idVendor")), readLine(filepath.Join(dir, "idProduct"))
	if vendor == "" {
		return
	}
	c.product = vendor + ":" + product
	if c.bare = readLine(filepath.Join(dir, "serial")); c.bare != "" {
		maker, model := readLine(filepath.Join(dir, "manufacturer")), readLine(filepath.Join(dir, "product"))
		c.serial = strings.Join([]string{udevName(cmp.Or(maker, vendor)), udevName(cmp.Or(model, product)), udevName(c.bare)}, "_")
	}
}

// udevUnsafe are the characters that udev does not leave in a name.
var udevUnsafe = regexp.MustCompile(`[^A-Za-z0-9#+\-.:=@_]`)

// udevName is a text as udev puts it into ID_SERIAL.
//
// ref: systemd, src/udev/udev-builtin-usb_id.c
func udevName(text string) string {
	return udevUnsafe.ReplaceAllString(strings.Join(strings.Fields(text), "_"), "_")
}

// busPath is the place of a device as udev's ID_PATH and /dev/snd/by-path name it, such as pci-0000:00:14.0-usb-0:2:1.0. It follows the hardware, and no
// number that is given out at the start.
//
// ref: systemd, src/udev/udev-builtin-path_id.c
func busPath(device string) string {
	var parts []string
	for dir := device; filepath.Base(dir) != "devices" && dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		kind := subsystem(dir)
		part := filepath.Base(dir)
		switch kind {
		case "usb":
			_, port, found := strings.Cut(part, "-")
			if !found {
				continue // the root of the bus
			}
			part = "0:" + port
		case "pci", "platform":
		default:
			continue
		}
		parts = append(parts, kind+"-"+part)
		for subsystem(filepath.Dir(dir)) == kind { // those above it are on the way
			dir = filepath.Dir(dir)
		}
	}
	slices.Reverse(parts)
	return strings.Join(parts, "-")
}

func subsystem(dir string) string {
	target, err := os.Readlink(filepath.Join(dir, "subsystem"))
	if err != nil {
		return ""
	}
	return filepath.Base(target)
}

// readLine is the one line of a kernel's file, "" when it is not there.
func readLine(file string) string {
	data, err := os.ReadFile(file)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(data))
}

// stableName is what to call a card so that it is found again: its serial number; else, where another one is just like it, the place it is plugged in;
// else its id, which stays the same wherever it is plugged in.
func stableName(cards []soundCard, c soundCard) string {
	same := func(key func(soundCard) string) int {
		n := 0
		for _, other := range cards {
			if key(other) == key(c) {
				n++
			}
		}
		return n
	}
	switch {
	case c.serial != "" && same(func(c soundCard) string { return c.serial }) == 1:
		return c.serial
	case c.product != "" && c.path != "" && same(func(c soundCard) string { return c.product }) > 1:
		return c.path
	default:
		return c.id
	}
}

// placeName tells whether a name can only be a place.
func placeName(name string) bool {
	return strings.HasPrefix(name, "pci-") || strings.HasPrefix(name, "platform-") || strings.HasPrefix(name, "usb-")
}

// maxCardID is the longest id of a card. ref: include/uapi/sound/asound.h, snd_ctl_card_info.id[16]
const maxCardID = 15

// resolve finds the card that a configuration means by its serial number or its place, and names its PCM as it is called now. Every other name is
// ALSA's own. A place or serial number may end in ,DEV=1 for a device that is not the card's first one.
func resolve(cards []soundCard, device string) (pcm string, err error) {
	name, dev, chosen := strings.Cut(device, ",DEV=")
	var found []soundCard
	for _, c := range cards {
		if name != "" && (name == c.serial || name == c.bare || name == c.path) {
			found = append(found, c)
		}
	}
	switch {
	case len(found) > 1:
		return "", fmt.Errorf("there are several sound cards %q; name the one you mean by its place: %s", name, places(found))
	case len(found) == 1:
		c := found[0]
		if !chosen {
			dev = "0"
			if len(c.capture) > 0 {
				dev = strconv.Itoa(c.capture[0])
			}
		}
		return "plughw:CARD=" + c.id + ",DEV=" + dev, nil
	case placeName(name):
		return "", fmt.Errorf("there is no sound card at %s now: plug it in there again; there are: %s", name, cmp.Or(places(cards), "none"))
	case len(name) > maxCardID && !strings.ContainsAny(name, ":="):
		return "", fmt.Errorf("there is no sound card %q now: plug it in again; there are: %s", name, cmp.Or(places(cards), "none"))
	default:
		return alsaName(device), nil
	}
}

func places(cards []soundCard) string {
	var all []string
	for _, c := range cards {
		all = append(all, cmp.Or(c.path, c.id))
	}
	return strings.Join(all, ", ")
}
