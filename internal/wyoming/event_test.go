package wyoming_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"earshot/internal/wyoming"
)

func TestReadEvents(t *testing.T) {
	t.Parallel()
	stream := `{"type":"describe"}` + "\n" +
		`{"type":"transcript","version":"1.10.2","data_length":15}` + "\n" + `{"text":"hi\n"}` +
		`{"type":"audio-chunk","data":{"rate":16000},"payload_length":4}` + "\nab\nc" +
		`{"type":"pong","data":{"text":"a","x":1},"data_length":12}` + "\n" + `{"text":"b"}` +
		`{"type":"ping","data":null,"data_length":null,"payload_length":null}` + "\n"
	want := []wyoming.Event{
		{Type: "describe"},
		{Type: "transcript", Data: []byte(`{"text":"hi\n"}`)},
		{Type: "audio-chunk", Data: []byte(`{"rate":16000}`), Payload: []byte("ab\nc")},
		{Type: "pong", Data: []byte(`{"text":"b","x":1}`)},
		{Type: "ping"},
	}
	r := wyoming.NewReader(strings.NewReader(stream))
	for i, w := range want {
		got, err := r.Read()
		if err != nil {
			t.Fatalf("event %d: %v", i, err)
		}
		if diff := cmp.Diff(w, got); diff != "" {
			t.Errorf("event %d (-want +got):\n%s", i, diff)
		}
	}
	if _, err := r.Read(); !errors.Is(err, io.EOF) {
		t.Errorf("after the last event: %v, want EOF", err)
	}
}

func TestReadErrors(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, stream, want string }{
		{"nothing", "", "EOF"},
		{"half a header", `{"type":"tra`, "unexpected EOF"},
		{"half the data", "{\"type\":\"x\",\"data_length\":9}\n{}", "unexpected EOF"},
		{"no payload", "{\"type\":\"x\",\"payload_length\":9}\n", "unexpected EOF"},
		{"another protocol", "HTTP/1.1 400 Bad Request\r\n", "not the Wyoming protocol: the header is no JSON object with a type"},
		{"no type", "{}\n", "not the Wyoming protocol: the header is no JSON object with a type"},
		{"a list", "[1]\n", "not the Wyoming protocol: the header is no JSON object with a type"},
		{"a fraction", "{\"type\":\"x\",\"data_length\":1.5}\n", "not the Wyoming protocol: the header is no JSON object with a type"},
		{"long header", strings.Repeat(" ", wyoming.MaxHeader), "not the Wyoming protocol: the header is longer than 65536 bytes"},
		{"negative", "{\"type\":\"x\",\"data_length\":-1}\n",
			"not the Wyoming protocol: an event with -1 bytes of data and 0 bytes of payload"},
		{"too much data", "{\"type\":\"x\",\"data_length\":1048577}\n",
			"not the Wyoming protocol: an event with 1048577 bytes of data and 0 bytes of payload"},
		{"too much payload", "{\"type\":\"x\",\"payload_length\":1048577}\n",
			"not the Wyoming protocol: an event with 0 bytes of data and 1048577 bytes of payload"},
		{"data no object", "{\"type\":\"x\",\"data_length\":2}\n[]", "not the Wyoming protocol: the data is no JSON object"},
		{"inline data no object", "{\"type\":\"x\",\"data\":7}\n", "not the Wyoming protocol: the data is no JSON object"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := wyoming.NewReader(strings.NewReader(tt.stream)).Read()
			if err == nil || err.Error() != tt.want {
				t.Errorf("error %v, want %s", err, tt.want)
			}
		})
	}
}

func TestWriteEvents(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	w := wyoming.NewWriter(&out)
	transcribe, err := wyoming.NewEvent(wyoming.TypeTranscribe, map[string]string{"language": "en"})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range []wyoming.Event{transcribe, {Type: "audio-stop"}, {Type: "a\"\n", Payload: []byte("xy")}} {
		if err := w.Write(e); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.WriteAudio([]int16{1, -2}); err != nil {
		t.Fatal(err)
	}
	if err := w.WriteAudioAt([]int16{3}, 1230); err != nil {
		t.Fatal(err)
	}
	want := `{"type":"transcribe","data_length":17}` + "\n" + `{"language":"en"}` +
		`{"type":"audio-stop"}` + "\n" +
		`{"type":"a\"\n","payload_length":2}` + "\nxy" +
		`{"type":"audio-chunk","data_length":37,"payload_length":4}` + "\n" + `{"rate":16000,"width":2,"channels":1}` + "\x01\x00\xfe\xff" +
		`{"type":"audio-chunk","data_length":54,"payload_length":2}` + "\n" + `{"rate":16000,"width":2,"channels":1,"timestamp":1230}` + "\x03\x00"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestWriteErrors(t *testing.T) {
	t.Parallel()
	w := wyoming.NewWriter(io.Discard)
	tests := []struct {
		err  error
		want string
	}{
		{w.Write(wyoming.Event{Type: "x", Data: make([]byte, wyoming.MaxData+1)}),
			"write x: 1048577 bytes of data and 0 bytes of payload are too many"},
		{w.Write(wyoming.Event{Type: "x", Payload: make([]byte, wyoming.MaxPayload+1)}),
			"write x: 0 bytes of data and 1048577 bytes of payload are too many"},
		{w.WriteAudio(make([]int16, wyoming.MaxPayload/2+1)), "write audio-chunk: 524289 samples are too many"},
		{w.WriteAudioAt(make([]int16, wyoming.MaxPayload/2+1), 1), "write audio-chunk: 524289 samples are too many"},
	}
	for _, tt := range tests {
		if tt.err == nil || tt.err.Error() != tt.want {
			t.Errorf("error %v, want %s", tt.err, tt.want)
		}
	}
	if _, err := wyoming.NewEvent("x", make(chan int)); err == nil || err.Error() != "encode x: json: unsupported type: chan int" {
		t.Errorf("an event of a channel: %v", err)
	}
}

func TestDecodeDoesNotRepeatData(t *testing.T) {
	t.Parallel()
	var into struct{ Text int }
	err := wyoming.Event{Type: "transcript", Data: []byte(`{"text":"private words"}`)}.Decode(&into)
	want := `not the Wyoming protocol: the data of a "transcript" event has another shape`
	if err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

func TestWriteAudioDoesNotAllocate(t *testing.T) {
	w, frame := wyoming.NewWriter(io.Discard), make([]int16, 160)
	n := testing.AllocsPerRun(100, func() {
		if err := errors.Join(w.WriteAudio(frame), w.WriteAudioAt(frame, 1<<40)); err != nil {
			t.Fatal(err)
		}
	})
	if n != 0 {
		t.Errorf("%v allocations per frame", n)
	}
}

// Whatever can be read can be written, and is then read as the same.
func FuzzRead(f *testing.F) {
	f.Add([]byte("{\"type\":\"transcript\",\"data_length\":13}\n{\"text\":\"hi\"}{\"type\":\"x\"}\n"))
	f.Add([]byte("{\"type\":\"audio-chunk\",\"data\":{\"rate\":16000},\"payload_length\":4}\nabcd"))
	f.Add([]byte("{\"type\":\"pong\",\"data\":{\"text\":\"a\"},\"data_length\":12}\n{\"text\":\"b\"}"))
	f.Fuzz(func(t *testing.T, stream []byte) {
		r := wyoming.NewReader(bytes.NewReader(stream))
		for {
			e, err := r.Read()
			if err != nil {
				if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, wyoming.ErrProtocol) {
					t.Fatalf("an error without a name: %v", err)
				}
				return
			}
			var out bytes.Buffer
			if err := wyoming.NewWriter(&out).Write(e); err != nil {
				t.Fatal(err)
			}
			again, err := wyoming.NewReader(&out).Read()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(e, again); diff != "" {
				t.Fatalf("(-read +written and read):\n%s", diff)
			}
		}
	})
}
