package config

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// Problem is one mistake in a configuration.
type Problem struct {
	Line    int    // 1-based; 0 when the mistake is that something is missing
	Key     string // dotted path, such as satellites[0].microphone.driver
	Message string // what is wrong and what is allowed
}

// Error lists every mistake of a configuration.
type Error struct {
	File     string
	Problems []Problem
}

// Error prints one mistake a line: `file:line: key: message`.
func (e *Error) Error() string {
	var b strings.Builder
	for i, p := range e.Problems {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(e.File)
		if p.Line > 0 {
			fmt.Fprintf(&b, ":%d", p.Line)
		}
		if p.Key != "" {
			b.WriteString(": " + p.Key)
		}
		b.WriteString(": " + p.Message)
	}
	return b.String()
}

// report collects mistakes while a file is read.
type report struct {
	file     string
	lines    map[string]int // key path → line
	problems []Problem
}

func newReport(file string) *report {
	return &report{file: file, lines: map[string]int{}}
}

// add notes a mistake under the line of its key, or of the nearest key above it that is in the file.
func (r *report) add(key, message string) {
	r.problems = append(r.problems, Problem{Line: r.line(key), Key: key, Message: message})
}

func (r *report) line(key string) int {
	for key != "" {
		if n, ok := r.lines[key]; ok {
			return n
		}
		key = key[:max(strings.LastIndexAny(key, ".["), 0)]
	}
	return 0
}

// syntaxLine finds the line in yaml.v3's error texts.
var syntaxLine = regexp.MustCompile(`^(?:yaml: )?line (\d+): `)

func (r *report) addSyntax(err error) {
	texts := []string{strings.TrimPrefix(err.Error(), "yaml: ")}
	var types *yaml.TypeError
	if errors.As(err, &types) {
		texts = types.Errors
	}
	for _, text := range texts {
		p := Problem{Message: text}
		if m := syntaxLine.FindStringSubmatch(text); m != nil {
			p.Line, _ = strconv.Atoi(m[1])
			p.Message = text[len(m[0]):]
		}
		r.problems = append(r.problems, p)
	}
}

// err is nil, or every mistake in the order of the file.
func (r *report) err() error {
	if len(r.problems) == 0 {
		return nil
	}
	slices.SortStableFunc(r.problems, func(a, b Problem) int {
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return strings.Compare(a.Key, b.Key)
	})
	return &Error{File: r.file, Problems: slices.CompactFunc(r.problems, func(a, b Problem) bool { return a == b })}
}
