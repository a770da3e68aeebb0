package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
	"github.com/gorilla/websocket"

	"earshot/e2e/lab"
	"earshot/internal/audio"
)

// light tells when the lab's light changes.
type light struct {
	conn    *websocket.Conn
	changes chan change
}

type change struct {
	state string
	at    time.Time
}

// dial signs in to Home Assistant's WebSocket.
func dial(ctx context.Context, home *lab.Home) (*websocket.Conn, error) {
	conn, _, err := websocket.DefaultDialer.DialContext(ctx, "ws"+strings.TrimPrefix(home.URL(), "http")+"/api/websocket", nil)
	if err != nil {
		return nil, err
	}
	var answer struct{ Type string }
	if err = conn.ReadJSON(&answer); err == nil {
		err = conn.WriteJSON(map[string]string{"type": "auth", "access_token": home.Token()})
	}
	if err == nil {
		err = conn.ReadJSON(&answer)
	}
	if err == nil && answer.Type != "auth_ok" {
		err = fmt.Errorf("sign in to Home Assistant: %s", answer.Type)
	}
	if err != nil {
		conn.Close()
		return nil, err
	}
	return conn, nil
}

func watchLight(ctx context.Context, home *lab.Home) (*light, error) {
	conn, err := dial(ctx, home)
	if err != nil {
		return nil, err
	}
	l := &light{conn: conn, changes: make(chan change, 16)}
	if err := conn.WriteJSON(map[string]any{"id": 1, "type": "subscribe_trigger", "trigger": map[string]any{"platform": "state", "entity_id": lab.Light}}); err != nil {
		conn.Close()
		return nil, err
	}
	go func() {
		defer close(l.changes)
		for {
			var m struct {
				Type  string
				Event struct {
					Variables struct {
						Trigger struct {
							ToState struct{ State string } `json:"to_state"`
						}
					}
				}
			}
			if conn.ReadJSON(&m) != nil {
				return
			}
			if m.Type == "event" {
				l.changes <- change{m.Event.Variables.Trigger.ToState.State, time.Now()}
			}
		}
	}()
	return l, nil
}

func (l *light) close() { l.conn.Close() }

// next is when the light was next told to be in a state.
func (l *light) next(ctx context.Context, state string) (time.Time, error) {
	for {
		c, err := next(ctx, l.changes)
		if err != nil {
			return time.Time{}, fmt.Errorf("the light is to be %s: %w", state, err)
		}
		if c.state == state {
			return c.at, nil
		}
	}
}

// watchWakes tells when the event of a wake word comes from the broker.
func watchWakes(home *lab.Home) (<-chan time.Time, func(), error) {
	wakes := make(chan time.Time, 16)
	client := mqtt.NewClient(mqtt.NewClientOptions().AddBroker(home.Broker()))
	done := client.Connect()
	if !done.WaitTimeout(patience) || done.Error() != nil {
		return nil, nil, fmt.Errorf("connect to the broker: %w", done.Error())
	}
	done = client.Subscribe("earshot/kitchen/wake", 0, func(mqtt.Client, mqtt.Message) { wakes <- time.Now() })
	if !done.WaitTimeout(patience) || done.Error() != nil {
		return nil, nil, fmt.Errorf("subscribe to wake words: %w", done.Error())
	}
	return wakes, func() { client.Disconnect(100) }, nil
}

// event is what Home Assistant tells of a run of its pipeline.
type event struct {
	Type string
	Data json.RawMessage
	at   time.Time
}

// over waits for the end of a run: it would end with its connection.
func over(ctx context.Context, events <-chan event) error {
	for {
		e, err := next(ctx, events)
		if err != nil || e.Type == "run-end" {
			return err
		}
	}
}

// stream sends a command to Home Assistant's own pipeline, from the wake word on and at the pace of speech, and returns when the recording would have
// begun, and when Home Assistant had heard its end.
func stream(ctx context.Context, home *lab.Home, s *saying) (spoken, done time.Time, err error) {
	conn, err := dial(ctx, home)
	if err != nil {
		return spoken, done, err
	}
	defer conn.Close()
	if err := conn.WriteJSON(map[string]any{"id": 1, "type": "assist_pipeline/run", "start_stage": "stt", "end_stage": "intent", "input": map[string]any{"sample_rate": audio.SampleRate}}); err != nil {
		return spoken, done, err
	}
	events := make(chan event, 32)
	go func() {
		defer close(events)
		for {
			var m struct {
				Type  string
				Event event
			}
			if conn.ReadJSON(&m) != nil {
				return
			}
			m.Event.at = time.Now()
			if m.Type == "event" {
				events <- m.Event
			}
		}
	}()
	var handler struct {
		Runner struct {
			Handler byte `json:"stt_binary_handler_id"`
		} `json:"runner_data"`
	}
	for handler.Runner.Handler == 0 {
		e, err := next(ctx, events)
		if err != nil {
			return spoken, done, err
		}
		if e.Type == "run-start" {
			if err := json.Unmarshal(e.Data, &handler); err != nil {
				return spoken, done, err
			}
		}
	}
	spoken = time.Now().Add(-s.at(s.wake))
	samples := s.wake
	for {
		block := make([]int16, audio.SampleRate/100)
		if samples < len(s.pcm) {
			copy(block, s.pcm[samples:])
		}
		samples += len(block)
		time.Sleep(time.Until(spoken.Add(s.at(samples))))
		if err := conn.WriteMessage(websocket.BinaryMessage, append([]byte{handler.Runner.Handler}, bytesOf(block)...)); err != nil {
			return spoken, done, err
		}
		select {
		case e := <-events:
			switch e.Type {
			case "stt-vad-end":
				return spoken, e.at, over(ctx, events)
			case "error":
				return spoken, done, fmt.Errorf("the pipeline failed: %s", e.Data)
			}
		default:
		}
		if time.Since(spoken) > patience {
			return spoken, done, errors.New("no end of the command was heard")
		}
	}
}
