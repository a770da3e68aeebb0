package assist

import (
	"context"
	"errors"
	"fmt"
)

// CallService has Home Assistant perform an action, such as media_player and media_stop, and returns when that is
// done. data and target may be nil. It is not repeated: ErrInterrupted says that it may or may not have been done.
func (c *Client) CallService(ctx context.Context, domain, service string, data, target map[string]any) error {
	command := map[string]any{"type": "call_service", "domain": domain, "service": service}
	if data != nil {
		command["service_data"] = data
	}
	if target != nil {
		command["target"] = target
	}
	err := c.try(ctx, func(conn *connection, _ int) error {
		err := conn.request(ctx, c.cfg.ReplyWait, command, nil)
		if errors.Is(err, ErrInterrupted) {
			return ErrInterrupted
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("call %s.%s: %w", domain, service, err)
	}
	return nil
}
