package discovery

import (
	"context"
	"sync/atomic"

	"github.com/rs/zerolog"
)

// requestQueue is how many requests may wait for the one that is carried out.
const requestQueue = 4

// Clerk carries requests out. Both answers are JSON for the one who asked, and hold nothing that a broker should not keep.
type Clerk interface {
	// Do carries out a request to its end.
	Do(ctx context.Context, message []byte) (answer []byte)
	// Busy refuses a request because too many are waiting; it does not wait itself.
	Busy(message []byte) (answer []byte)
}

// Requests takes what automations ask on a topic of the bridge, one request after the other, and publishes each answer, not
// retained, on the topic below it that is called result.
type Requests struct {
	topic   string
	broker  Broker
	clerk   Clerk
	log     zerolog.Logger
	queue   chan []byte
	ignored atomic.Uint64
}

// DeleteTopic is where a bridge is asked to delete recordings.
func DeleteTopic(bridgeID string) string { return "earshot/" + bridgeID + "/history/delete" }

// NewRequests subscribes to a topic; it must be called before the broker runs.
func NewRequests(topic string, broker Broker, clerk Clerk, log zerolog.Logger) *Requests {
	r := &Requests{topic: topic, broker: broker, clerk: clerk, log: log, queue: make(chan []byte, requestQueue)}
	broker.Subscribe(topic, r.receive)
	return r
}

// Ignored counts messages that are no requests: retained ones, which would be carried out again at every reconnect, and the empty
// ones that take a retained message away.
func (r *Requests) Ignored() uint64 { return r.ignored.Load() }

// receive never waits: the broker's other messages come through the same goroutine.
func (r *Requests) receive(_ string, payload []byte, retained bool) {
	if retained || len(payload) == 0 {
		ignored := r.ignored.Add(1)
		r.log.Info().Str("topic", r.topic).Bool("retained", retained).Uint64("ignored", ignored).
			Msg("a message was ignored; a request must not be retained, and not be empty")
		return
	}
	select {
	case r.queue <- payload:
	default:
		r.answer(r.clerk.Busy(payload))
	}
}

// Run carries requests out until ctx ends; the one that has begun is carried out to its end.
func (r *Requests) Run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case message := <-r.queue:
			if ctx.Err() == nil {
				r.answer(r.clerk.Do(ctx, message))
			}
		}
	}
}

// answer publishes; what the broker does not take is lost to the one who asked, who may look into the access log.
func (r *Requests) answer(answer []byte) {
	if err := r.broker.Publish(r.topic+"/result", answer, false); err != nil {
		r.log.Warn().Err(err).Str("topic", r.topic).Msg("a request was answered, but the answer did not reach the broker")
	}
}
