package server

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	behalfKey = "on_behalf_of" // of a message, beside id and type
	maxPerson = 64             // characters of a name
)

// decodePerson reads the name of a person, as it may stand in logs.
func decodePerson(sent json.RawMessage) (string, error) {
	var name string
	if problem := takeText(sent, &name); problem != "" {
		return "", invalidFormat(behalfKey + ": " + problem)
	}
	hidden := func(r rune) bool { return unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp) }
	if name == "" || name != strings.TrimSpace(name) || utf8.RuneCountInString(name) > maxPerson || strings.ContainsFunc(name, hidden) {
		return "", invalidFormat(fmt.Sprintf("%s: a name of 1 to %d characters is needed, without control characters and spaces around it", behalfKey, maxPerson))
	}
	return name, nil
}

// actsFor is who a command is from when a program sends it for a person: that person's name, the program's behind it without when it was paired, and the
// program's rights. Who has signed in as a person acts for nobody else, and who may not do everything puts no other name into the log.
func (c *socket) actsFor(person string) (Identity, error) {
	who := c.who
	if person == "" {
		return who, nil
	}
	if who.Role != Admin || c.signedInBy() != nil {
		return who, &commandError{Code: codeUnauthorized, Message: behalfKey + " is taken from connections that have signed in with a token of the role admin."}
	}
	program, _, _ := strings.Cut(who.Name, pairedMark)
	who.Name = person + ", by " + program
	return who, nil
}
