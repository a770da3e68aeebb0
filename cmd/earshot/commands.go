package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"earshot/internal/config"
)

// The exit codes of every command.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2 // wrong usage or a wrong configuration
)

// terminal is where a command reads what a person answers, and prints: results to out, everything else to err.
type terminal struct {
	in       io.Reader
	out, err io.Writer
}

// command is one word after `earshot`.
type command struct {
	name, args, summary string
	run                 func(ctx context.Context, t terminal, args []string) error
}

// commands is the list of all commands, in the order of the help.
func commands() []command {
	return []command{
		{"run", "[--config FILE] | --supervisor URL [--options FILE] [--listen HOST:PORT] [--config FILE]", "listen for wake words; without a configuration everything is embedded", runCommand},
		{"demo", "", "play the demonstration recording as if it were a microphone", demoCommand},
		{"detect", "[--json] [--trace FLOOR] [--model NAME]... FILE...", "find wake words in WAV files", detectCommand},
		{"enroll", "WORD [--config FILE] [--satellite ID] [--samples N] [--keep] | WORD --from FILE...", "make a wake word of your own from what people say to a microphone, or from WAV files", enrollCommand},
		{"devices", "[--listen [--seconds N]] [--json]", "list the microphones of this machine, or show how loud each of their channels is", devicesCommand},
		{"check-config", "--config FILE", "check a configuration and say everything that is wrong with it", checkConfigCommand},
		{"history", "list | play ID | delete | export | stats | verify", "review and delete recordings; the running bridge is asked where there is one", historyCommand},
		{
			"call", "COMMAND ['{\"field\": …}'] [--follow] [--address HOST:PORT] [--token-file FILE] [--config FILE]",
			"send a command of the services to a bridge and print its answer as JSON", callCommand,
		},
		{
			"models", "list | add NAME-OR-PATH-OR-URL | catalogue | measure NAME | refresh", "list the wake-word models, add some, measure how often they fire by mistake, or bring those of a package up to date",
			modelsCommand,
		},
		{"tune", "[WAKE_WORD] [--satellite ID] [--apply | --verifier | --no-verifier] [--json] [--config FILE]", "say what other thresholds and a verifier would have done to the recordings you have marked, or set the better one", tuneCommand},
		{"backup", "DIR [--force] [--config FILE]", "copy history, tokens, own wake words and configuration into a folder, also while the bridge runs", backupCommand},
		{"restore", "DIR [--merge] [--config FILE]", "bring a backup back; what was deleted since stays deleted where a history is there to tell", restoreCommand},
		{"token", "create | list | revoke", "manage the access tokens of programs", tokenCommand},
		{"doctor", "[--config FILE] [--json]", "look at everything that Earshot needs, and say what is wrong and what to do", doctorCommand},
		{"healthcheck", "[--ready] [--config FILE]", "ask the running bridge whether it hears, or can do all that it was set up for", healthcheckCommand},
		{"version", "", "print the version", versionCommand},
	}
}

// usageError is a mistake in how a command was called.
type usageError struct{ message string }

func (e usageError) Error() string { return e.message }

// run carries out one command line and returns its exit code.
func run(ctx context.Context, args []string, t terminal) int {
	if len(args) == 0 || args[0] == "help" || args[0] == "-h" || args[0] == "--help" {
		printHelp(t)
		if len(args) == 0 {
			return exitUsage
		}
		return exitOK
	}
	for _, c := range commands() {
		if c.name == args[0] {
			return report(t, c, c.run(ctx, t, args[1:]))
		}
	}
	fmt.Fprintf(t.err, "earshot: there is no command %q; `earshot help` lists them\n", args[0])
	return exitUsage
}

// report prints the error of a command and chooses the exit code.
func report(t terminal, c command, err error) int {
	var usage usageError
	var wrong *config.Error
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprintf(t.err, "usage: earshot %s %s\n%s\n", c.name, c.args, c.summary)
		return exitOK
	case errors.As(err, &usage):
		fmt.Fprintf(t.err, "earshot %s: %s\nusage: earshot %s %s\n", c.name, usage.message, c.name, c.args)
		return exitUsage
	case errors.As(err, &wrong):
		fmt.Fprintf(t.err, "%v\n", wrong)
		return exitUsage
	default:
		fmt.Fprintf(t.err, "earshot %s: %v\n", c.name, err)
		return exitFailed
	}
}

func printHelp(t terminal) {
	fmt.Fprintln(t.out, "earshot: a local voice bridge for Home Assistant\n\ncommands:")
	for _, c := range commands() {
		fmt.Fprintf(t.out, "  %-13s %s\n", c.name, c.summary)
	}
	fmt.Fprintln(t.out, "\n`earshot COMMAND --help` shows how a command is called.")
}

// flags returns a flag set that reports its mistakes as errors, without printing.
func flags(name string) *flag.FlagSet {
	f := flag.NewFlagSet(name, flag.ContinueOnError)
	f.SetOutput(io.Discard)
	return f
}

// parse reads flags and turns a mistake into a usageError.
func parse(f *flag.FlagSet, args []string) error {
	err := f.Parse(args)
	if err == nil || errors.Is(err, flag.ErrHelp) {
		return err
	}
	return usageError{err.Error()}
}

// parseAround reads flags that stand before, between and after words, and returns the words.
func parseAround(f *flag.FlagSet, args []string) (words []string, err error) {
	for {
		if err := parse(f, args); err != nil {
			return nil, err
		}
		if f.NArg() == 0 {
			return words, nil
		}
		words, args = append(words, f.Arg(0)), f.Args()[1:]
	}
}

// noArguments refuses what is left after the flags.
func noArguments(f *flag.FlagSet) error {
	if f.NArg() > 0 {
		return usageError{fmt.Sprintf("%q is not expected here", strings.Join(f.Args(), " "))}
	}
	return nil
}

// isTerminal tells whether a person is likely to be at the other end of a stream.
func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

func versionCommand(_ context.Context, t terminal, args []string) error {
	f := flags("version")
	if err := parse(f, args); err != nil {
		return err
	}
	if err := noArguments(f); err != nil {
		return err
	}
	_, err := fmt.Fprintln(t.out, version)
	return err
}
