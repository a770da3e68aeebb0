package assist

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// start puts a command into the queue. Its owner must end it with drop.
func (c *connection) start(ctx context.Context, command map[string]any) (*call, error) {
	body, err := json.Marshal(command)
	if err != nil {
		return nil, fmt.Errorf("encode a command: %T", err)
	}
	if len(body)+idRoom > maxOutgoing {
		return nil, ErrTooLarge
	}
	k := &call{messages: make(chan message, eventQueue)}
	select {
	case c.out <- outgoing{call: k, body: body}:
		return k, nil
	case <-c.done:
		return nil, errLost
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// drop forgets a command. With cancel, Home Assistant is told to stop the run that it began.
func (c *connection) drop(k *call, cancel bool) {
	c.mu.Lock()
	k.dropped = true
	id := k.id
	delete(c.pending, id)
	c.mu.Unlock()
	if !cancel || id == 0 {
		return
	}
	body := fmt.Appendf(nil, `{"type":"unsubscribe_events","subscription":%d}`, id)
	timer := time.NewTimer(goodbyeWait)
	defer timer.Stop()
	select {
	case c.out <- outgoing{call: &call{}, body: body}:
	case <-c.done:
	case <-timer.C: // the queue is stuck, and the connection will be given up
	}
}

// sent tells whether Home Assistant may have got the command.
func (c *connection) sent(k *call) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return k.id != 0
}

// next returns what came for a command. What had come before the connection broke counts.
func (c *connection) next(ctx context.Context, k *call) (message, error) {
	select {
	case m, ok := <-k.messages:
		return received(m, ok)
	case <-ctx.Done():
		return message{}, ctx.Err()
	case <-c.done:
		return c.leftover(k)
	}
}

// leftover returns what came for a command before the connection broke.
func (c *connection) leftover(k *call) (message, error) {
	select {
	case m, ok := <-k.messages:
		return received(m, ok)
	default:
		return message{}, errLost
	}
}

func received(m message, ok bool) (message, error) {
	if !ok {
		return message{}, errors.New("more events came than could be looked at")
	}
	return m, nil
}

// errNoAnswer is the end of a request's time.
var errNoAnswer error = newRunError(CodeTimeout, "")

// request sends a command and decodes its one result into answer, which may be nil.
func (c *connection) request(ctx context.Context, wait time.Duration, command map[string]any, answer any) error {
	limited, cancel := context.WithTimeoutCause(ctx, wait, errNoAnswer)
	defer cancel()
	k, err := c.start(limited, command)
	if err != nil {
		return requestError(ctx, limited, err)
	}
	defer c.drop(k, false)
	m, err := c.next(limited, k)
	if err != nil {
		if errors.Is(err, errLost) && c.sent(k) {
			err = fmt.Errorf("%w: %w", errLost, ErrInterrupted)
		}
		return requestError(ctx, limited, err)
	}
	if err := m.failure(); err != nil {
		return err
	}
	if answer == nil || m.Type == typePong {
		return nil
	}
	if err := json.Unmarshal(m.Result, answer); err != nil {
		return undecodable(err)
	}
	return nil
}

// ask is a request that Home Assistant answers at once. When it does not, nobody is there any more, which
// does not show for a long while when a machine has lost its power; the connection is given up then.
func (c *connection) ask(ctx context.Context, wait time.Duration, command map[string]any, answer any) error {
	err := c.request(ctx, wait, command, answer)
	if errors.Is(err, errNoAnswer) {
		c.close(fmt.Errorf("ask %v: %w", command["type"], err))
		return errLost
	}
	return err
}

// requestError tells the end of a request's own time from the end of its caller's.
func requestError(ctx, limited context.Context, err error) error {
	if limited.Err() != nil && ctx.Err() == nil {
		return context.Cause(limited)
	}
	return err
}
