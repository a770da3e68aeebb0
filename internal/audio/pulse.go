package audio

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jfreymuth/pulse/proto"
	"github.com/rs/zerolog"
)

// errNoSource means that the sound server has no microphone at all.
var errNoSource = errors.New("the sound server has no microphone")

// dummySource is what PulseAudio offers on a machine without any sound card.
const dummySource = "auto_null.monitor"

// pulseDriver records from a source of PulseAudio, or of PipeWire in its place, over the native protocol.
type pulseDriver struct {
	cfg    Config
	log    zerolog.Logger
	server *pulseServer // nil before the first open
	held   string       // name of the source that "" stood for when it was first opened
}

func newPulseDriver(cfg Config, log zerolog.Logger) *pulseDriver {
	return &pulseDriver{cfg: cfg, log: log}
}

// wakeGap is the least time between two tries, however much news of sources there is.
const wakeGap = 100 * time.Millisecond

// wait returns early at news of a source, for which the connection is kept.
func (d *pulseDriver) wait(ctx context.Context, after time.Duration) {
	if d.server == nil || !d.server.alive() {
		sleep(ctx, after, nil)
		return
	}
	sleep(ctx, min(after, wakeGap), nil)
	sleep(ctx, after-wakeGap, d.server.sources)
}

func (d *pulseDriver) close() {
	if d.server != nil {
		d.server.close()
		d.server = nil
	}
}

func (d *pulseDriver) open(ctx context.Context) (*source, error) {
	if d.server != nil && !d.server.alive() {
		d.close()
	}
	if d.server == nil {
		server, err := connectPulse(ctx)
		if err != nil {
			return nil, err
		}
		d.server = server
	}
	// News from before the look at the list is in the list.
	select {
	case <-d.server.sources:
	default:
	}
	info, err := d.find()
	if err != nil {
		return nil, err
	}
	format := pulseFormat(info)
	if err := checkChannel(d.cfg.Channel, format); err != nil {
		return nil, err
	}
	stream, err := d.server.record(info, format)
	if err != nil {
		return nil, fmt.Errorf("open source %q: %w", info.SourceName, err)
	}
	if d.cfg.Device == "" && d.held == "" {
		d.held = info.SourceName
		d.log.Info().Str("source", d.held).Msg("default microphone chosen, and kept from now on")
	}
	return &source{ReadCloser: stream, format: format, name: describe(info), live: info.MonitorSourceName == ""}, nil
}

// find looks up the configured source, or the one that "" stands for.
func (d *pulseDriver) find() (*proto.GetSourceInfoReply, error) {
	list, fallback, err := d.server.list()
	if err != nil {
		return nil, fmt.Errorf("list sources: %w", err)
	}
	want := d.cfg.Device
	if want == "" {
		want = d.held
	}
	if want == "" {
		want = fallback
	}
	if want == "" || d.cfg.Device == "" && d.held == "" && want == dummySource {
		return nil, errNoSource
	}
	found := match(list, want)
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return nil, fmt.Errorf("there are several sources %q; use one of their names: %s", want, names(found))
	case d.held != "":
		return nil, fmt.Errorf("the microphone %q is gone: plug it in again (no other one takes its place)", want)
	case len(list) == 0:
		return nil, fmt.Errorf("there is no source %q: %w", want, errNoSource)
	default:
		return nil, fmt.Errorf("there is no source %q; there are: %s", want, names(list))
	}
}

// match finds the sources that a person may mean: by name, else by whatever else stays the same when the device is plugged in again.
func match(list []*proto.GetSourceInfoReply, want string) []*proto.GetSourceInfoReply {
	for _, key := range []func(*proto.GetSourceInfoReply) string{
		func(s *proto.GetSourceInfoReply) string { return s.SourceName },
		func(s *proto.GetSourceInfoReply) string { return s.Device },
		func(s *proto.GetSourceInfoReply) string { return property(s, "device.serial") },
		func(s *proto.GetSourceInfoReply) string { return property(s, "device.bus_path") },
	} {
		found := slices.DeleteFunc(slices.Clone(list), func(s *proto.GetSourceInfoReply) bool { return key(s) != want })
		if len(found) > 1 { // a card that can be listened to and heard has one source that is what it plays
			if microphones := slices.DeleteFunc(slices.Clone(found), monitor); len(microphones) > 0 {
				found = microphones
			}
		}
		if len(found) > 0 {
			return found
		}
	}
	return nil
}

// monitor tells whether a source is what somebody else hears.
func monitor(s *proto.GetSourceInfoReply) bool { return s.MonitorSourceName != "" }

func property(s *proto.GetSourceInfoReply, key string) string {
	if v, ok := s.Properties[key]; ok {
		return v.String()
	}
	return ""
}

func names(list []*proto.GetSourceInfoReply) string {
	var all []string
	for _, s := range list {
		all = append(all, s.SourceName)
	}
	return strings.Join(all, ", ")
}

func describe(s *proto.GetSourceInfoReply) string {
	if s.Device != "" {
		return s.Device
	}
	return s.SourceName
}

// list gives all sources, monitors too, and the name of the default one.
func (s *pulseServer) list() ([]*proto.GetSourceInfoReply, string, error) {
	var list proto.GetSourceInfoListReply
	if err := s.request(&proto.GetSourceInfoList{}, &list); err != nil {
		return nil, "", err
	}
	var info proto.GetServerInfoReply
	if err := s.request(&proto.GetServerInfo{}, &info); err != nil {
		return nil, "", err
	}
	return list, cmp.Or(pulseConf()["default-source"], info.DefaultSourceName), nil
}

// pulseFormat keeps the rate, the channels and the resolution of a source; the server changes the byte order where needed.
func pulseFormat(s *proto.GetSourceInfoReply) pcmFormat {
	f := pcmFormat{encoding: s16le, rate: int(s.Rate), channels: int(s.Channels)}
	switch s.Format {
	case proto.FormatFloat32LE, proto.FormatFloat32BE:
		f.encoding = f32le
	case proto.FormatInt32LE, proto.FormatInt32BE, 9, 10, 11, 12: // ref: PulseAudio, sample.h: the last four are its 24-bit formats
		f.encoding = s32le
	}
	if checkRate(f.rate) != nil {
		f.rate = usualRate // the server converts
	}
	return f
}

// Sizes of what the sound server keeps for us.
const (
	fragmentMS  = 60       // is sent at once: every waking of the program costs more than to hear for 20 ms, and a word comes 20 ms later on average than by pieces of 20
	pulseBuffer = 64 << 10 // bytes it holds when we are late
)

// record opens a stream on a source that is never moved to another one.
func (s *pulseServer) record(info *proto.GetSourceInfoReply, f pcmFormat) (*pulseStream, error) {
	req := &proto.CreateRecordStream{
		SampleSpec:         proto.SampleSpec{Format: proto.FormatInt16LE, Channels: byte(f.channels), Rate: uint32(f.rate)},
		ChannelMap:         info.ChannelMap,
		SourceIndex:        info.SourceIndex,
		BufferMaxLength:    pulseBuffer,
		BufferFragSize:     uint32(f.bytesFor(fragmentMS)),
		AdjustLatency:      true,
		NoMove:             true,
		NoRemix:            true,
		NoRemap:            true,
		Corked:             true, // until the stream's number is known
		DirectOnInputIndex: proto.Undefined,
		Properties:         proto.PropList{"media.name": proto.PropListString("wake word")},
		ChannelVolumes:     proto.ChannelVolumes(slices.Repeat([]uint32{uint32(proto.VolumeNorm)}, f.channels)),
		VolumeSet:          true,
		MutedSet:           true,
	}
	switch f.encoding {
	case f32le:
		req.Format = proto.FormatFloat32LE
	case s32le:
		req.Format = proto.FormatInt32LE
	}
	var reply proto.CreateRecordStreamReply
	if err := s.request(req, &reply); err != nil {
		return nil, err
	}
	stream := &pulseStream{server: s, index: reply.StreamIndex, source: info.SourceName}
	stream.r, stream.w = io.Pipe()
	if reply.SourceName != info.SourceName {
		stream.Close()
		return nil, fmt.Errorf("the sound server gave %q in its place", reply.SourceName)
	}
	s.attach(stream)
	if err := s.request(&proto.CorkRecordStream{StreamIndex: reply.StreamIndex}, nil); err != nil {
		stream.Close()
		return nil, err
	}
	return stream, nil
}

// pulseStream is a stream of sound from one source. The server's own buffer is its queue: what is not read yet stays there.
type pulseStream struct {
	server *pulseServer
	index  uint32
	source string
	once   sync.Once
	r      *io.PipeReader
	w      *io.PipeWriter
}

// Read reads sound; its error says why the source was lost.
func (p *pulseStream) Read(b []byte) (int, error) { return p.r.Read(b) }

// Close ends the stream at the server, and returns when it has answered.
func (p *pulseStream) Close() error {
	p.once.Do(func() {
		p.server.attach(nil)
		p.r.Close()
		p.w.Close()
		if p.server.alive() {
			// A stream that was killed is not there any more, and a server that does not answer has been left: there is nothing to do about either.
			_ = p.server.request(&proto.DeleteRecordStream{StreamIndex: p.index}, nil)
		}
	})
	return nil
}

// event is called for everything that concerns a stream.
func (p *pulseStream) event(e any) {
	switch e := e.(type) {
	case *proto.DataPacket:
		if e.StreamIndex == p.index {
			_, _ = p.w.Write(e.Data) // fails only when nobody reads any more
		}
	case *proto.RecordStreamKilled:
		if e.StreamIndex == p.index {
			p.fail(errors.New("the microphone was unplugged, or the sound server let it go"))
		}
	case *proto.RecordStreamMoved:
		if e.StreamIndex == p.index && e.DestName != p.source {
			p.fail(fmt.Errorf("the sound server wanted another microphone (%s) in its place, which is not listened to", e.DestName))
		}
	case *proto.RecordStreamSuspended:
		if e.StreamIndex == p.index && e.Suspended {
			p.fail(errors.New("the sound server suspended the microphone"))
		}
	}
}

func (p *pulseStream) fail(err error) { p.w.CloseWithError(err) }

// pulseName is what to call a source so that it is found again. The server makes its names of vendor, product and serial number; those of two equal
// cards differ by the order in which they came, and then only the place tells them apart.
func pulseName(list []*proto.GetSourceInfoReply, s *proto.GetSourceInfoReply) string {
	serial, path := property(s, "device.serial"), property(s, "device.bus_path")
	if serial == "" || path == "" || monitor(s) {
		return s.SourceName
	}
	equal := slices.ContainsFunc(list, func(o *proto.GetSourceInfoReply) bool {
		return o != s && !monitor(o) && property(o, "device.serial") == serial && property(o, "device.bus_path") != path
	})
	if equal && len(match(list, path)) == 1 {
		return path
	}
	return s.SourceName
}

// pulseDevices lists the sources of the sound server, but not the dummy of a machine without a sound card.
func pulseDevices(ctx context.Context) ([]Device, error) {
	s, err := connectPulse(ctx)
	if err != nil {
		return nil, err
	}
	defer s.close()
	list, fallback, err := s.list()
	if err != nil {
		return nil, fmt.Errorf("list sources: %w", err)
	}
	var devices []Device
	for _, info := range list {
		if info.SourceName == dummySource {
			continue
		}
		devices = append(devices, Device{
			Driver: driverPulse, ID: pulseName(list, info), Description: describe(info), Default: info.SourceName == fallback,
			Rate: int(info.Rate), Channels: int(info.Channels),
			Card: property(info, "alsa.id"), Serial: property(info, "device.serial"), BusPath: property(info, "device.bus_path"),
		})
	}
	return devices, nil
}
