package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/rs/zerolog"

	"earshot/internal/speaker"
)

// historyCommand reviews and deletes recordings from the command line.
func historyCommand(ctx context.Context, t terminal, args []string) error {
	actions := map[string]func(context.Context, terminal, *historyArgs) error{
		"list": historyList, "play": historyPlay, "delete": historyDelete, "export": historyExport, "stats": historyStats, "verify": historyVerify,
	}
	if len(args) == 0 || actions[args[0]] == nil {
		return usageError{"say list, play, delete, export, stats or verify"}
	}
	a := newHistoryArgs(args[0])
	if err := parse(a.flags, args[1:]); err != nil {
		return err
	}
	cfg, err := loadConfig(*a.config)
	if err != nil {
		return err
	}
	a.client, err = openClient(ctx, cfg)
	if err != nil {
		return err
	}
	defer a.client.Close()
	return actions[args[0]](ctx, t, a)
}

// historyArgs are the flags of every history command, and the bridge it talks to.
type historyArgs struct {
	client *client
	flags  *flag.FlagSet
	config *string
	json   *bool
	limit  *int
	output *string
	yes    *bool
	filter map[string]*string
	kept   *bool // include_kept
}

func newHistoryArgs(name string) *historyArgs {
	f := flags("history " + name)
	a := &historyArgs{flags: f, filter: map[string]*string{}}
	a.config = f.String("config", "", "configuration file")
	a.json = f.Bool("json", false, "print JSON")
	for flag, what := range map[string]string{
		"period": "today, yesterday, this_week, …, all, or older_than: 90d", "from": "from this time on", "to": "until before this time",
		"satellite": "only of this satellite", "outcome": "only with this outcome", "wake-word": "only after this wake word",
		"text": "only with this text", "label": "only with this label: correct or mistake",
	} {
		a.filter[strings.ReplaceAll(flag, "-", "_")] = f.String(flag, "", what)
	}
	switch name {
	case "list":
		a.limit = f.Int("limit", 50, "how many entries")
	case "play":
		a.output = f.String("output", "", "write a WAV file instead of playing it")
	case "export":
		a.output = f.String("output", "", "the ZIP file to write")
	case "delete":
		a.filter["what"] = f.String("what", "", "all, audio or text")
		a.kept = f.Bool("include-kept", false, "delete kept entries too")
		a.yes = f.Bool("yes", false, "do not ask")
	}
	return a
}

// fields are the filters that were given.
func (a *historyArgs) fields() map[string]any {
	out := map[string]any{}
	for name, value := range a.filter {
		if *value != "" {
			out[name] = *value
		}
	}
	return out
}

// listed is an entry as the command line shows it.
type listed struct {
	ID         string `json:"id"`
	At         string `json:"at"`
	Satellite  string `json:"satellite"`
	Outcome    string `json:"outcome"`
	Transcript string `json:"transcript"`
	TextNote   string `json:"text_note"`
	DurationMS int64  `json:"duration_ms"`
	Kept       bool   `json:"kept"`
}

// maxPage is how many entries the bridge gives at once.
const maxPage = 500

func historyList(_ context.Context, t terminal, a *historyArgs) error {
	if err := noArguments(a.flags); err != nil {
		return err
	}
	fields := a.fields()
	var rows []json.RawMessage
	for len(rows) < *a.limit {
		fields["limit"] = min(*a.limit-len(rows), maxPage)
		var page struct {
			Entries []json.RawMessage `json:"entries"`
			Next    *string           `json:"next_cursor"`
		}
		if err := a.client.call("history/list", fields, &page); err != nil {
			return err
		}
		rows = append(rows, page.Entries...)
		if page.Next == nil {
			break
		}
		fields["cursor"] = *page.Next
	}
	if *a.json {
		return printJSON(t, rows)
	}
	w := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "when\tmicrophone\toutcome\tseconds\tid\ttext")
	for _, raw := range rows {
		var e listed
		if err := json.Unmarshal(raw, &e); err != nil {
			return err
		}
		text := e.Transcript
		if text == "" {
			text = e.TextNote
		}
		when, err := time.Parse(time.RFC3339, e.At)
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%.1f\t%s\t%s\n", when.Format("2006-01-02 15:04:05"), e.Satellite, e.Outcome, float64(e.DurationMS)/1000, e.ID, plain(text))
	}
	return w.Flush()
}

// plain keeps what was said from moving a terminal's cursor about.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, text)
}

func printJSON(t terminal, v any) error {
	enc := json.NewEncoder(t.out)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

func historyPlay(ctx context.Context, t terminal, a *historyArgs) error {
	if a.flags.NArg() != 1 {
		return usageError{"name one recording by its id, as `earshot history list` shows it"}
	}
	var link struct {
		URL string `json:"url"`
	}
	if err := a.client.call("clips/sign", map[string]any{"entry_id": a.flags.Arg(0)}, &link); err != nil {
		return err
	}
	body, mediaType, err := a.client.fetch(ctx, link.URL+"&format=wav")
	if err != nil {
		return err
	}
	defer body.Close()
	if *a.output != "" {
		return writeFile(*a.output, body)
	}
	wav, err := io.ReadAll(body)
	if err != nil {
		return err
	}
	return speaker.New(speaker.DefaultConfig(), zerolog.Nop()).Play(ctx, io.NopCloser(bytes.NewReader(wav)), mediaType)
}

// writeFile makes a file that only its owner can read; one that is cut off does not stay.
func writeFile(name string, from io.Reader) error {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	_, err = io.Copy(f, from)
	if err = errors.Join(err, f.Close()); err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", name, err), os.Remove(name))
	}
	return nil
}

// previewed is what a deletion would do.
type previewed struct {
	Token     string `json:"token"`
	Count     int64  `json:"count"`
	Statement string `json:"statement"`
}

// receipt is what a deletion has done.
type receipt struct {
	Deleted             int      `json:"deleted"`
	KeptSkipped         int      `json:"kept_skipped"`
	InProgressDiscarded int      `json:"in_progress_discarded"`
	FailedCount         int      `json:"failed_count"`
	Bytes               int64    `json:"bytes"`
	Receipt             string   `json:"receipt"`
	Remains             []string `json:"remains"`
}

func historyDelete(_ context.Context, t terminal, a *historyArgs) error {
	fields := a.fields()
	if a.flags.NArg() > 0 {
		fields["ids"] = a.flags.Args()
	}
	if *a.kept {
		fields["include_kept"] = true
	}
	var p previewed
	if err := a.client.call("history/delete_preview", fields, &p); err != nil {
		return err
	}
	if !*a.yes {
		fmt.Fprintln(t.err, p.Statement)
		fmt.Fprint(t.err, "Delete them? (yes/no) ")
		answer, _ := bufio.NewReader(t.in).ReadString('\n') // an end of input is no yes
		if strings.TrimSpace(answer) != "yes" {
			return errors.New("nothing was deleted")
		}
	}
	var raw json.RawMessage
	err := a.client.call("history/delete", map[string]any{"token": p.Token}, &raw)
	var refused *serviceError
	if errors.As(err, &refused) && refused.Receipt != nil {
		raw = refused.Receipt
	} else if err != nil {
		return err
	}
	return errors.Join(printReceipt(t, a, raw), err)
}

func printReceipt(t terminal, a *historyArgs, raw json.RawMessage) error {
	if *a.json {
		return printJSON(t, raw)
	}
	var r receipt
	if err := json.Unmarshal(raw, &r); err != nil {
		return err
	}
	fmt.Fprintf(t.out, "deleted %d (%s), kept %d, failed %d; receipt %s\n", r.Deleted+r.InProgressDiscarded, megabytes(r.Bytes), r.KeptSkipped, r.FailedCount, r.Receipt)
	for _, what := range r.Remains {
		fmt.Fprintln(t.out, "note:", what)
	}
	return nil
}

func megabytes(n int64) string { return fmt.Sprintf("%.1f MB", float64(n)/1e6) }

func historyExport(ctx context.Context, t terminal, a *historyArgs) error {
	if err := noArguments(a.flags); err != nil {
		return err
	}
	if *a.output == "" {
		return usageError{"name the file to write with --output"}
	}
	var link struct {
		URL string `json:"url"`
	}
	if err := a.client.call("history/export", a.fields(), &link); err != nil {
		return err
	}
	body, _, err := a.client.fetch(ctx, link.URL)
	if err != nil {
		return err
	}
	defer body.Close()
	counted := &counter{from: body, terminal: t}
	if err := writeFile(*a.output, counted); err != nil {
		return err
	}
	counted.done()
	_, err = fmt.Fprintf(t.out, "%s: %s\n", *a.output, megabytes(counted.n))
	return err
}

// counter shows on a terminal how far something long has come.
type counter struct {
	from     io.Reader
	terminal terminal
	n        int64
	shown    time.Time
}

// Read reads on.
func (c *counter) Read(p []byte) (int, error) {
	n, err := c.from.Read(p)
	c.n += int64(n)
	if isTerminal(c.terminal.err) && time.Since(c.shown) > time.Second/4 {
		c.shown = time.Now()
		fmt.Fprintf(c.terminal.err, "\r%s", megabytes(c.n))
	}
	return n, err
}

func (c *counter) done() {
	if !c.shown.IsZero() {
		fmt.Fprint(c.terminal.err, "\r")
	}
}
