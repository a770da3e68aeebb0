package main

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"text/tabwriter"

	"earshot/internal/config"
	"earshot/internal/server"
)

// tokensFile is the name of the token file inside the data folder.
const tokensFile = "tokens.json"

// tokenCommand creates, lists and revokes the tokens that programs sign in with.
func tokenCommand(_ context.Context, t terminal, args []string) error {
	if len(args) == 0 {
		return usageError{"say create, list or revoke"}
	}
	f := flags("token " + args[0])
	file := f.String("config", "", "configuration file")
	role := f.String("role", "", "read, listen or admin")
	name := f.String("name", "", "what the token is for")
	asJSON := f.Bool("json", false, "print JSON")
	if err := parse(f, args[1:]); err != nil {
		return err
	}
	if err := noArguments(f); err != nil {
		return err
	}
	cfg, err := loadConfig(*file)
	if err != nil {
		return err
	}
	tokens, err := server.OpenTokens(filepath.Join(cfg.History.Dir, tokensFile))
	if err != nil {
		return err
	}
	switch args[0] {
	case "create":
		return createToken(t, tokens, *name, *role)
	case "list":
		return listTokens(t, tokens, *asJSON)
	case "revoke":
		if *name == "" {
			return usageError{"name the token with --name"}
		}
		return tokens.Revoke(*name)
	default:
		return usageError{fmt.Sprintf("%q is not one of create, list, revoke", args[0])}
	}
}

// createToken prints the secret as the last word: it is shown this once and kept only as a hash.
func createToken(t terminal, tokens *server.Tokens, name, role string) error {
	switch {
	case name == "":
		return usageError{"say what the token is for with --name"}
	case !server.Role(role).Valid():
		return usageError{"--role is one of read (see), listen (hear), admin (delete, mute)"}
	}
	secret, err := tokens.Create(name, server.Role(role))
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(t.out, "token %q with role %s, shown only now: %s\n", name, role, secret)
	return err
}

func listTokens(t terminal, tokens *server.Tokens, asJSON bool) error {
	list := tokens.List()
	if asJSON {
		enc := json.NewEncoder(t.out)
		enc.SetIndent("", "  ")
		return enc.Encode(list)
	}
	w := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "name\trole\tcreated")
	for _, tok := range list {
		fmt.Fprintf(w, "%s\t%s\t%s\n", tok.Name, tok.Role, tok.Created.Local().Format("2006-01-02 15:04"))
	}
	return w.Flush()
}

// loadConfig reads a configuration file, or the embedded default when no file is named.
func loadConfig(file string) (config.Config, error) {
	if file == "" {
		return embedded(), nil
	}
	return config.Load(file)
}
