package assist

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// ErrNoAccount means that Home Assistant has no account of a person with that id that may be used.
var ErrNoAccount = errors.New("there is no such account in Home Assistant")

// adminGroup is whose members may do everything. ref: homeassistant/auth/const.py
const adminGroup = "system-admin"

// Account is a person's account in Home Assistant.
type Account struct {
	Name  string
	Admin bool
}

// Account returns the account with an id. The access token has to be an administrator's.
func (c *Client) Account(ctx context.Context, id string) (Account, error) {
	var all []struct {
		ID        string   `json:"id"`
		Name      string   `json:"name"`
		Owner     bool     `json:"is_owner"`
		Active    bool     `json:"is_active"`
		Generated bool     `json:"system_generated"`
		Groups    []string `json:"group_ids"`
	}
	err := c.try(ctx, func(conn *connection, _ int) error {
		return conn.ask(ctx, c.cfg.StartWait, map[string]any{"type": "config/auth/list"}, &all)
	})
	if err != nil {
		return Account{}, fmt.Errorf("look up an account: %w", err)
	}
	for _, a := range all {
		if a.ID == id && a.Active && !a.Generated {
			return Account{Name: a.Name, Admin: a.Owner || slices.Contains(a.Groups, adminGroup)}, nil
		}
	}
	return Account{}, ErrNoAccount
}
