// Package wyoming speaks the Wyoming protocol with the speech servers of the house.
//
// A message is a line of JSON, then as many bytes of JSON data and as many bytes of payload (audio) as that line says.
package wyoming

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"strconv"
)

// The kinds of events that speech-to-text and wake words need.
//
// ref: github.com/OHF-Voice/wyoming README.md, Event Types
const (
	TypeTranscribe = "transcribe"
	TypeTranscript = "transcript"
	TypeDetect     = "detect"
	TypeDetection  = "detection"
	TypeAudioStart = "audio-start"
	TypeAudioChunk = "audio-chunk"
	TypeAudioStop  = "audio-stop"
	TypeDescribe   = "describe"
	TypeInfo       = "info"
	TypePing       = "ping"
	TypePong       = "pong"
	TypeError      = "error"
)

// The largest event that is read or written, in bytes.
const (
	MaxHeader  = 64 << 10
	MaxData    = 1 << 20
	MaxPayload = 1 << 20 // 32 s of audio
)

// The one audio format that is sent: 16 kHz mono s16, little endian.
const (
	sampleRate  = 16000 // Hz
	sampleBytes = 2
)

// ErrProtocol is returned when what arrives is no event, or one beyond the limits.
var ErrProtocol = errors.New("not the Wyoming protocol")

// Event is one message.
type Event struct {
	Type    string
	Data    json.RawMessage // a JSON object; nil when there is none
	Payload []byte          // audio; nil when there is none
}

// NewEvent returns an event whose data is the JSON form of v, which must be an object.
func NewEvent(kind string, v any) (Event, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return Event{}, fmt.Errorf("encode %s: %w", kind, err)
	}
	return Event{Type: kind, Data: data}, nil
}

// Decode puts the event's data into v. Without data it leaves v as it is. The error does not repeat the data.
func (e Event) Decode(v any) error {
	if e.Data == nil {
		return nil
	}
	if json.Unmarshal(e.Data, v) != nil {
		return fmt.Errorf("%w: the data of a %q event has another shape", ErrProtocol, e.Type)
	}
	return nil
}

// header is the line that every event begins with. Data may be in it, or follow it, or both.
type header struct {
	Type          string          `json:"type"`
	Data          json.RawMessage `json:"data"`
	DataLength    int             `json:"data_length"`
	PayloadLength int             `json:"payload_length"`
}

// Reader reads events from a connection. It is not safe for concurrent use.
type Reader struct{ r *bufio.Reader }

// NewReader returns a Reader that reads ahead from r.
func NewReader(r io.Reader) *Reader { return &Reader{bufio.NewReaderSize(r, MaxHeader)} }

// Read returns the next event, io.EOF when the stream ends between two events and io.ErrUnexpectedEOF when it ends within one.
func (r *Reader) Read() (Event, error) {
	line, err := r.r.ReadSlice('\n')
	switch {
	case errors.Is(err, bufio.ErrBufferFull):
		return Event{}, fmt.Errorf("%w: the header is longer than %d bytes", ErrProtocol, MaxHeader)
	case errors.Is(err, io.EOF) && len(line) > 0:
		return Event{}, io.ErrUnexpectedEOF
	case err != nil:
		return Event{}, err
	}
	var h header
	if json.Unmarshal(line, &h) != nil || h.Type == "" {
		return Event{}, fmt.Errorf("%w: the header is no JSON object with a type", ErrProtocol)
	}
	if h.DataLength < 0 || h.DataLength > MaxData || h.PayloadLength < 0 || h.PayloadLength > MaxPayload {
		return Event{}, fmt.Errorf("%w: an event with %d bytes of data and %d bytes of payload", ErrProtocol, h.DataLength, h.PayloadLength)
	}
	data, err := r.take(h.DataLength)
	if err != nil {
		return Event{}, err
	}
	e := Event{Type: h.Type}
	if e.Data, err = mergeData(h.Data, data); err != nil {
		return Event{}, err
	}
	if e.Payload, err = r.take(h.PayloadLength); err != nil {
		return Event{}, err
	}
	return e, nil
}

// take reads exactly n bytes.
func (r *Reader) take(n int) ([]byte, error) {
	if n == 0 {
		return nil, nil
	}
	b := make([]byte, n)
	if _, err := io.ReadFull(r.r, b); err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	return b, nil
}

// mergeData joins the data of the header with what followed it, which wins.
func mergeData(inline, after json.RawMessage) (json.RawMessage, error) {
	var parts []json.RawMessage
	merged := map[string]json.RawMessage{}
	for _, part := range []json.RawMessage{inline, after} {
		if len(part) == 0 || string(part) == "null" {
			continue
		}
		var object map[string]json.RawMessage
		if json.Unmarshal(part, &object) != nil || object == nil {
			return nil, fmt.Errorf("%w: the data is no JSON object", ErrProtocol)
		}
		maps.Copy(merged, object)
		parts = append(parts, part)
	}
	switch len(parts) {
	case 0:
		return nil, nil
	case 1:
		return parts[0], nil
	}
	return json.Marshal(merged)
}

// Writer writes events, each by one call of Write, so that several Writers may share a net.Conn. A Writer itself is not safe for
// concurrent use.
type Writer struct {
	w    io.Writer
	buf  []byte
	data []byte // of an audio-chunk
}

// NewWriter returns a Writer to w.
func NewWriter(w io.Writer) *Writer { return &Writer{w: w} }

// Write sends one event.
func (w *Writer) Write(e Event) error {
	if len(e.Data) > MaxData || len(e.Payload) > MaxPayload {
		return fmt.Errorf("write %s: %d bytes of data and %d bytes of payload are too many", e.Type, len(e.Data), len(e.Payload))
	}
	kind, err := json.Marshal(e.Type)
	if err != nil {
		return fmt.Errorf("write event: %w", err)
	}
	w.buf = append(append(w.buf[:0], `{"type":`...), kind...)
	w.start(len(e.Data), len(e.Payload))
	w.buf = append(append(w.buf, e.Data...), e.Payload...)
	_, err = w.w.Write(w.buf)
	return err
}

// audioData describes every chunk and every utterance that is sent.
const audioData = `{"rate":16000,"width":2,"channels":1}`

// AudioStart returns the event that comes before the audio that WriteAudio and WriteAudioAt send.
func AudioStart() Event { return Event{Type: TypeAudioStart, Data: []byte(audioData)} }

// WriteAudio sends 16 kHz mono samples as one audio-chunk event. It does not allocate once it has seen the largest chunk.
func (w *Writer) WriteAudio(pcm []int16) error {
	w.data = append(w.data[:0], audioData...)
	return w.writeChunk(pcm)
}

// WriteAudioAt is WriteAudio with a timestamp, in ms of the sender's own clock, which servers repeat in what they say about the
// chunk. Some take 0 for none.
func (w *Writer) WriteAudioAt(pcm []int16, timestamp int64) error {
	w.data = append(append(w.data[:0], audioData[:len(audioData)-1]...), `,"timestamp":`...)
	w.data = append(strconv.AppendInt(w.data, timestamp, 10), '}')
	return w.writeChunk(pcm)
}

func (w *Writer) writeChunk(pcm []int16) error {
	if len(pcm)*sampleBytes > MaxPayload {
		return fmt.Errorf("write %s: %d samples are too many", TypeAudioChunk, len(pcm))
	}
	w.buf = append(w.buf[:0], `{"type":"`+TypeAudioChunk+`"`...)
	w.start(len(w.data), len(pcm)*sampleBytes)
	w.buf = append(w.buf, w.data...)
	for _, v := range pcm {
		w.buf = binary.LittleEndian.AppendUint16(w.buf, uint16(v))
	}
	_, err := w.w.Write(w.buf)
	return err
}

// start ends the header line.
func (w *Writer) start(data, payload int) {
	if data > 0 {
		w.buf = strconv.AppendInt(append(w.buf, `,"data_length":`...), int64(data), 10)
	}
	if payload > 0 {
		w.buf = strconv.AppendInt(append(w.buf, `,"payload_length":`...), int64(payload), 10)
	}
	w.buf = append(w.buf, "}\n"...)
}
