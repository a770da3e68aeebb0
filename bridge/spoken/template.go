package spoken

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

const (
	maxSentences = 2000 // of one template
	maxLength    = 1000 // of one template, bytes
	maxDepth     = 8    // of brackets in brackets
)

// variant is one of the sentences a template stands for, or a piece of one.
type variant struct {
	text       string
	everywhere bool // a word that says so was used
}

// vocabulary finds the template behind a name in angle brackets, and whether it stands for every room.
type vocabulary func(name string) (template string, everywhere, ok bool)

// expand lists what a template stands for: (a|b) is one of them, [a] may be missing, <name> is a word of the vocabulary.
func expand(template string, words vocabulary) ([]variant, error) {
	if len(template) > maxLength {
		return nil, fmt.Errorf("is longer than %d bytes", maxLength)
	}
	e := &expander{rest: template, words: words}
	all, err := e.sequence()
	switch {
	case err != nil:
		return nil, err
	case e.rest != "":
		return nil, fmt.Errorf("has a %q without its opening bracket", e.rest[:1])
	}
	return all, nil
}

// expander is a parser of the template's grammar that multiplies out as it goes.
type expander struct {
	rest  string // not read yet
	words vocabulary
	depth int
}

// sequence reads up to the end, a bar or a closing bracket.
func (e *expander) sequence() ([]variant, error) {
	all := []variant{{}}
	for e.rest != "" {
		var next []variant
		var err error
		switch c := e.rest[0]; c {
		case '|', ')', ']', '>':
			return all, nil
		case '(', '[':
			next, err = e.brackets(c == '[')
		case '<':
			next, err = e.word()
		default:
			end := strings.IndexAny(e.rest, "()[]<>|")
			if end < 0 {
				end = len(e.rest)
			}
			next = []variant{{text: e.rest[:end]}}
			e.rest = e.rest[end:]
		}
		if err != nil {
			return nil, err
		}
		if all, err = multiply(all, next); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// brackets reads "(a|b)" or "[a|b]".
func (e *expander) brackets(optional bool) ([]variant, error) {
	opening, closing := "(", ")"
	if optional {
		opening, closing = "[", "]"
	}
	if e.depth++; e.depth > maxDepth {
		return nil, fmt.Errorf("has more than %d brackets in each other", maxDepth)
	}
	defer func() { e.depth-- }()
	var all []variant
	if optional {
		all = []variant{{}}
	}
	for {
		e.rest = e.rest[1:] // the opening bracket, then each bar
		one, err := e.sequence()
		if err != nil {
			return nil, err
		}
		more := strings.HasPrefix(e.rest, "|")
		if !more && !strings.HasPrefix(e.rest, closing) {
			return nil, fmt.Errorf("has a %q that is not closed", opening)
		}
		if slices.ContainsFunc(one, func(v variant) bool { return strings.TrimSpace(v.text) == "" }) {
			return nil, errors.New("has an empty choice in its brackets; write [a] for what may be missing")
		}
		if all = append(all, one...); len(all) > maxSentences {
			return nil, errTooMany
		}
		if !more {
			e.rest = e.rest[1:]
			return all, nil
		}
	}
}

// word reads "<name>".
func (e *expander) word() ([]variant, error) {
	name, rest, closed := strings.Cut(e.rest[1:], ">")
	if !closed {
		return nil, errors.New(`has a "<" that is not closed`)
	}
	e.rest = rest
	template, everywhere, ok := e.words(name)
	if !ok {
		return nil, fmt.Errorf("uses <%s>, which is not among the words", name)
	}
	// Words are made of letters and brackets alone, so that they cannot go round in circles.
	all, err := expand(template, func(string) (string, bool, bool) { return "", false, false })
	if err != nil {
		return nil, fmt.Errorf("uses <%s>, which %w", name, err)
	}
	for i := range all {
		all[i].everywhere = everywhere
	}
	return all, nil
}

var errTooMany = fmt.Errorf("stands for more than %d sentences; write it as two", maxSentences)

func multiply(left, right []variant) ([]variant, error) {
	if len(left)*len(right) > maxSentences {
		return nil, errTooMany
	}
	all := make([]variant, 0, len(left)*len(right))
	for _, l := range left {
		for _, r := range right {
			all = append(all, variant{text: l.text + r.text, everywhere: l.everywhere || r.everywhere})
		}
	}
	return all, nil
}
