package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/gorilla/websocket"
)

// callCommand sends one command of the services, and prints what comes back.
func callCommand(ctx context.Context, t terminal, args []string) error {
	words, rest := leadingWords(args)
	f := flags("call")
	file := f.String("config", "", "configuration file")
	follow := f.Bool("follow", false, "print the events of a subscription, a JSON line for each")
	address := f.String("address", "", "a bridge elsewhere, as host:port or https://host; the one that runs here when it is left out")
	tokenFile := f.String("token-file", "", "file of the token for --address; - or nothing: the first line that is typed")
	if err := parse(f, rest); err != nil {
		return err
	}
	words = append(words, f.Args()...)
	if len(words) == 0 || len(words) > 2 {
		return usageError{`say a command and, in one word, its fields: history/list '{"period": "today"}'`}
	}
	fields, err := callFields(words[1:])
	if err != nil {
		return err
	}
	if *address == "" && *tokenFile != "" {
		return usageError{"--token-file goes with --address"}
	}
	c, err := callClient(ctx, t, *file, *address, *tokenFile)
	if err != nil {
		return err
	}
	defer c.Close()
	var result json.RawMessage
	if err := c.call(words[0], fields, &result); err != nil {
		return showReceipt(t, err)
	}
	if err := printAnswer(t, result, !*follow); err != nil || !*follow {
		return err
	}
	err = c.follow(func(event json.RawMessage) error { return printAnswer(t, event, false) })
	if ctx.Err() != nil {
		return nil // somebody has seen enough
	}
	return err
}

// leadingWords are the arguments before the first flag.
func leadingWords(args []string) (words, rest []string) {
	for i, a := range args {
		if strings.HasPrefix(a, "-") {
			return args[:i:i], args[i:]
		}
	}
	return args, nil
}

// callFields reads the fields of a command, if there are any.
func callFields(words []string) (map[string]any, error) {
	if len(words) == 0 {
		return nil, nil
	}
	var raw map[string]json.RawMessage
	if err := json.Unmarshal([]byte(words[0]), &raw); err != nil || raw == nil {
		return nil, usageError{fmt.Sprintf("the fields have to be one JSON object, like '{\"period\": \"today\"}': %v", err)}
	}
	fields := make(map[string]any, len(raw))
	for name, value := range raw {
		if name == "id" || name == "type" {
			return nil, usageError{fmt.Sprintf("%q is no field: the command is a word of its own", name)}
		}
		fields[name] = value
	}
	return fields, nil
}

// callClient connects to the bridge at an address, or to the one that runs on the folder of a configuration.
func callClient(ctx context.Context, t terminal, file, address, tokenFile string) (*client, error) {
	if address == "" {
		cfg, err := loadConfig(file)
		if err != nil {
			return nil, err
		}
		return openClient(ctx, cfg)
	}
	secret, err := readToken(t, tokenFile)
	if err != nil {
		return nil, err
	}
	c := &client{}
	if err := c.connect(ctx, address, secret); err != nil {
		c.Close()
		return nil, fmt.Errorf("connect to the bridge at %s: %w", address, err)
	}
	return c, nil
}

// readToken takes a token from a file, or from what is typed.
func readToken(t terminal, file string) (string, error) {
	in := t.in
	if file != "" && file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return "", fmt.Errorf("read the token: %w", err)
		}
		defer f.Close()
		in = f
	}
	line, err := bufio.NewReader(io.LimitReader(in, 4096)).ReadString('\n')
	if token := strings.TrimSpace(line); token != "" {
		return token, nil
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("read the token: %w", err)
	}
	return "", errors.New("read the token: there is none; `earshot token create` prints one")
}

// showReceipt shows what a deletion that went wrong has done all the same.
func showReceipt(t terminal, err error) error {
	var refused *serviceError
	if errors.As(err, &refused) && refused.Receipt != nil {
		return errors.Join(err, printAnswer(t, refused.Receipt, true))
	}
	return err
}

func printAnswer(t terminal, data json.RawMessage, readable bool) error {
	var out bytes.Buffer
	write := json.Compact
	if readable {
		write = func(out *bytes.Buffer, data []byte) error { return json.Indent(out, data, "", "  ") }
	}
	if err := write(&out, data); err != nil {
		return err
	}
	out.WriteByte('\n')
	_, err := t.out.Write(out.Bytes())
	return err
}

// silence is after how long a bridge that sends not even its pings is taken for gone.
const silence = 75 * time.Second

// follow takes the events of a subscription until one says that it is the last, or the connection ends.
func (c *client) follow(take func(event json.RawMessage) error) error {
	heard := func() error { return c.conn.SetReadDeadline(time.Now().Add(silence)) }
	pong := c.conn.PingHandler()
	c.conn.SetPingHandler(func(data string) error { return errors.Join(heard(), pong(data)) })
	for {
		var m struct {
			Type  string          `json:"type"`
			Event json.RawMessage `json:"event"`
		}
		err := heard()
		if err == nil {
			err = c.conn.ReadJSON(&m)
		}
		var closed *websocket.CloseError
		switch {
		case errors.As(err, &closed) && closed.Text != "":
			return fmt.Errorf("the bridge has ended the connection: %s", closed.Text)
		case err != nil:
			return fmt.Errorf("the connection to the bridge is gone: %w", err)
		case m.Type != "event":
			continue
		}
		if err := take(m.Event); err != nil {
			return err
		}
		var last struct {
			Action string `json:"action"`
		}
		if json.Unmarshal(m.Event, &last) == nil && last.Action == "end" {
			return nil
		}
	}
}
