package audio

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// errNoCard means that ALSA has nothing to record from.
var errNoCard = errors.New("arecord finds no sound card")

// alsaDriver records with arecord, which every ALSA machine has and which needs no C library here.
type alsaDriver struct {
	cfg    Config
	root   string // where the kernel's files are
	device string // what is opened: what is configured, or what "" stood for when it was first opened
}

func newALSADriver(cfg Config) *alsaDriver {
	return &alsaDriver{cfg: cfg, root: "/", device: cfg.Device}
}

// alsaName makes the name of a PCM out of what people write: a card id, hw:CARD=…, or any name of a PCM.
func alsaName(device string) string {
	if rest, ok := strings.CutPrefix(device, "hw:"); ok {
		return "plughw:" + rest // plughw is hw where the format fits, and does not fail where it does not
	}
	if device == "" || strings.ContainsAny(device, ":") || device == "default" || device == "pulse" || device == "null" {
		return device
	}
	return "plughw:CARD=" + device + ",DEV=0"
}

// alsaDevice says whether a device name can only be one of ALSA's.
func alsaDevice(device string) bool {
	return strings.HasPrefix(device, "hw:") || strings.HasPrefix(device, "plughw:") || strings.Contains(device, "CARD=")
}

func (d *alsaDriver) open(ctx context.Context) (*source, error) {
	device := d.device
	if device == "" {
		cards, err := alsaCards(ctx, d.root)
		if err != nil {
			return nil, err
		}
		if len(cards) == 0 {
			return nil, errNoCard
		}
		device = cards[0].ID
	}
	// Its number, and with equal cards its id, may be another one each time it is plugged in.
	name, err := resolve(soundCards(d.root), device)
	if err != nil {
		return nil, err
	}
	format, err := d.format(ctx, name)
	if err != nil {
		return nil, err
	}
	r := &recorder{}
	cmd := exec.Command("arecord", arecordArgs(name, format)...)
	cmd.Env = plainEnv()
	if r.child, err = startChild("arecord", cmd, r.line); err != nil {
		return nil, err
	}
	d.device = device
	return &source{ReadCloser: r, format: format, name: name, live: true, gaps: r.gaps}, nil
}

func (d *alsaDriver) wait(ctx context.Context, after time.Duration) { sleep(ctx, after, nil) }

func (d *alsaDriver) close() {}

// plainEnv makes arecord speak the language that is parsed here.
func plainEnv() []string { return append(os.Environ(), "LC_ALL=C") }

// arecordFormats are arecord's names for the encodings.
func arecordFormat(e encoding) string {
	return [...]string{u8: "U8", s16le: "S16_LE", s24le: "S24_3LE", s24in32: "S24_LE", s32le: "S32_LE", f32le: "FLOAT_LE"}[e]
}

// arecordArgs records raw sound in periods of 20 ms, so that it is not late, with room for 500 ms, so that a busy moment loses nothing.
func arecordArgs(device string, f pcmFormat) []string {
	return []string{
		"-q", "-D", device, "-t", "raw", "-f", arecordFormat(f.encoding), "-r", strconv.Itoa(f.rate), "-c", strconv.Itoa(f.channels),
		"--period-size=" + strconv.Itoa(f.rate/50), "--buffer-size=" + strconv.Itoa(f.rate/2),
	}
}

// recorder is a running arecord.
type recorder struct {
	*child
	lost atomic.Int64 // nanoseconds of overruns not yet asked for
}

// overrun is what arecord prints when it came too late.
// ref: alsa-utils, aplay/aplay.c, xrun()
var overrun = regexp.MustCompile(`overrun!!! \(at least ([0-9.]+) ms long\)`)

// line counts overruns among arecord's messages.
func (r *recorder) line(line string) {
	if m := overrun.FindStringSubmatch(line); m != nil {
		if ms, err := strconv.ParseFloat(m[1], 64); err == nil {
			r.lost.Add(int64(min(ms, 3600e3) * float64(time.Millisecond)))
		}
	}
}

func (r *recorder) gaps() time.Duration { return time.Duration(r.lost.Swap(0)) }

// format is what to record in: what is configured, and for the rest what the card can do by itself.
func (d *alsaDriver) format(ctx context.Context, device string) (pcmFormat, error) {
	p, err := probe(ctx, strings.TrimPrefix(device, "plug"))
	if err != nil {
		return pcmFormat{}, err
	}
	f := pcmFormat{encoding: p.encoding(), rate: p.rate(), channels: p.channels.clamp(d.cfg.Channel + 1)}
	if d.cfg.Format != "" {
		f.encoding = encodings[d.cfg.Format]
	}
	f.rate = cmp.Or(d.cfg.Rate, f.rate)
	f.channels = cmp.Or(d.cfg.Channels, f.channels)
	return f, checkChannel(d.cfg.Channel, f)
}

// interval is a range of values; zero means not known.
type interval struct{ low, high int }

// clamp is the value of the interval that is nearest to v.
func (i interval) clamp(v int) int {
	if i.high == 0 {
		return v
	}
	return max(i.low, min(i.high, v))
}

// hwParams is what a device can do by itself.
type hwParams struct {
	formats         []string
	channels, rates interval
}

// encoding is the widest one: cards of 24 and 32 bits are known to record nothing, or too little, in 16.
func (p hwParams) encoding() encoding {
	for _, e := range []encoding{s32le, s24in32, s24le, s16le, f32le, u8} {
		for _, f := range p.formats {
			if f == arecordFormat(e) {
				return e
			}
		}
	}
	return s16le
}

// rate prefers a rate that is a small multiple of ours.
func (p hwParams) rate() int {
	for _, r := range []int{usualRate, SampleRate, 32000, 96000, 44100, 8000} {
		if p.rates.clamp(r) == r {
			return r
		}
	}
	return usualRate
}

// oddFormat is one that no card takes, so that arecord ends right after it has told what the card does take.
const oddFormat = "S18_3BE"

// probe asks arecord what a device can do. What it does not say is left unknown; only a device that cannot be opened is an error.
func probe(ctx context.Context, device string) (hwParams, error) {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, "arecord", "-D", device, "--dump-hw-params", "-t", "raw", "-f", oddFormat, "-d", "1", "/dev/null")
	cmd.Env = plainEnv()
	cmd.WaitDelay = time.Second
	out, err := cmd.CombinedOutput()
	p, found := parseHWParams(string(out))
	switch {
	case found:
		return p, nil
	case errors.Is(err, exec.ErrNotFound):
		return p, errors.New("arecord is not installed; it is in the package alsa-utils")
	case ctx.Err() != nil:
		return p, fmt.Errorf("open %s: arecord does not answer", device)
	case err != nil:
		return p, fmt.Errorf("open %s: %s", device, lastWords(string(out), err))
	}
	return p, nil
}

// lastWords is the last line of a program's output, or err when it said nothing.
func lastWords(out string, err error) string {
	lines := strings.Split(strings.TrimSpace(out), "\n")
	return cmp.Or(cleanLine(lines[len(lines)-1]), err.Error())
}

// parseHWParams reads what arecord --dump-hw-params prints.
func parseHWParams(text string) (p hwParams, found bool) {
	for line := range strings.Lines(text) {
		key, value, ok := strings.Cut(line, ":")
		if !ok {
			continue
		}
		switch value = strings.TrimSpace(value); key {
		case "FORMAT":
			p.formats, found = strings.Fields(value), true
		case "CHANNELS":
			p.channels = parseInterval(value)
		case "RATE":
			p.rates = parseInterval(value)
		}
	}
	return p, found
}

// parseInterval reads "2", "[1 2]" or "(0 4294967295]"; what it cannot read is not known.
func parseInterval(text string) interval {
	fields := strings.Fields(strings.Trim(text, "[]()"))
	if len(fields) < 1 || len(fields) > 2 {
		return interval{}
	}
	low, err1 := strconv.ParseInt(fields[0], 10, 64)
	high, err2 := strconv.ParseInt(fields[len(fields)-1], 10, 64)
	if err1 != nil || err2 != nil || low < 0 || high < low {
		return interval{}
	}
	const most = 1 << 30
	return interval{low: int(min(low, most)), high: int(min(high, most))}
}

// alsaCard is a line of arecord -l, such as: card 1: Device [USB Audio Device], device 0: USB Audio [USB Audio]
var alsaCard = regexp.MustCompile(`^card \d+: (\S+) \[(.*?)\], device (\d+): .*?(?: \[(.*)\])?$`)

// alsaCards lists what ALSA can record from. The ids never hold a card's number, which changes from start to start.
func alsaCards(ctx context.Context, root string) ([]Device, error) {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, "arecord", "-l")
	cmd.Env = plainEnv()
	cmd.WaitDelay = time.Second
	out, err := cmd.Output()
	if errors.Is(err, exec.ErrNotFound) {
		return nil, errors.New("arecord is not installed; it is in the package alsa-utils")
	}
	// With no card, arecord says so and, in some versions, fails: an empty list says enough.
	if ctx.Err() != nil {
		return nil, errors.New("arecord does not answer")
	}
	return withKernel(parseCards(string(out)), soundCards(root)), nil
}

func parseCards(text string) []Device {
	var list []Device
	lines := bufio.NewScanner(strings.NewReader(text))
	for lines.Scan() {
		m := alsaCard.FindStringSubmatch(lines.Text())
		if m == nil {
			continue
		}
		what := cleanLine(m[2])
		if sub := cleanLine(m[4]); sub != "" && sub != what {
			what += ", " + sub
		}
		list = append(list, Device{
			Driver: driverALSA, ID: fmt.Sprintf("plughw:CARD=%s,DEV=%s", m[1], m[3]), Card: m[1],
			Description: what, Default: len(list) == 0,
		})
	}
	return list
}

// withKernel adds what the kernel knows, and gives each device the most stable name it has.
func withKernel(list []Device, cards []soundCard) []Device {
	for i, d := range list {
		at := slices.IndexFunc(cards, func(c soundCard) bool { return c.id == d.Card })
		if at < 0 {
			continue
		}
		c := cards[at]
		list[i].Serial, list[i].BusPath = c.serial, c.path
		_, dev, _ := strings.Cut(d.ID, ",DEV=")
		if name := stableName(cards, c); name != c.id {
			if list[i].ID = name; len(c.capture) > 1 && dev != strconv.Itoa(c.capture[0]) {
				list[i].ID += ",DEV=" + dev
			}
		}
	}
	return list
}
