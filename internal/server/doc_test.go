package server

import (
	"cmp"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	gotoken "go/token"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write docs/services.md anew")

// TestServicesDoc keeps docs/services.md true: it is made from the table of commands and the comments of what they answer.
func TestServicesDoc(t *testing.T) {
	const path = "../../docs/services.md"
	head, err := os.ReadFile("testdata/services.md")
	if err != nil {
		t.Fatal(err)
	}
	want := string(head) + describe(t, New(DefaultConfig(), Deps{}))
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Error("docs/services.md is not what the program does: go test ./internal/server -run TestServicesDoc -update")
	}
}

// manual is docs/services.md in the making.
type manual struct {
	strings.Builder
	comments map[string]string    // of fields, by "Type.Field"; of constants, by their name
	shared   map[reflect.Type]int // how often a shape is used
	named    []reflect.Type       // shapes that were mentioned
}

func describe(t *testing.T, s *Server) string {
	p := &manual{comments: comments(t), shared: map[reflect.Type]int{}}
	for _, c := range s.commands {
		for _, v := range append(c.events, c.result) {
			p.count(reflect.TypeOf(v))
		}
	}
	p.errors()
	p.WriteString("\n## Filter\n\nThe commands that are about some entries take these fields. All that are sent have to fit.\n\n| field | type | |\n| --- | --- | --- |\n")
	p.rows("", filterList())
	for _, role := range []Role{Read, Listen, Admin} {
		fmt.Fprintf(p, "\n## Commands of the role %s\n", role)
		for _, name := range sortedKeys(s.commands) {
			if c := s.commands[name]; c.role == role {
				p.command(c)
			}
		}
	}
	p.WriteString("\n## Shapes\n")
	for i := 0; i < len(p.named); i++ { // a shape may mention others
		fmt.Fprintf(p, "\n### %s\n\n", shapeName(p.named[i]))
		p.shape(p.named[i])
	}
	return p.String()
}

// count notes every use of a struct.
func (p *manual) count(t reflect.Type) {
	if t == nil || t == reflect.TypeFor[time.Time]() {
		return
	}
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		p.count(t.Elem())
	case reflect.Struct:
		if p.shared[t]++; p.shared[t] == 1 {
			eachKey(t, func(_ reflect.Type, f reflect.StructField, _ string, _ bool) { p.count(f.Type) })
		}
	}
}

// filterList is the fields of the filter.
func filterList() []*field {
	var f fields
	declareFilter(&f)
	return f.list
}

func sortedKeys[V any](m map[string]V) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// errors lists every code.
func (p *manual) errors() {
	p.WriteString("\n## Error codes\n\n| code | meaning |\n| --- | --- |\n")
	for _, key := range sortedKeys(p.comments) {
		if code, ok := strings.CutPrefix(key, "const "); ok {
			fmt.Fprintf(p, "| `%s` | %s |\n", code, p.comments[key])
		}
	}
}

func (p *manual) command(c command) {
	fmt.Fprintf(p, "\n### %s\n\n%s.\n", c.name, strings.ToUpper(c.description[:1])+c.description[1:])
	var f fields
	c.declare(&f)
	if len(f.list) > 0 {
		p.WriteString("\n| field | type | |\n| --- | --- | --- |\n")
		p.fields("", f.list)
	}
	if c.result != nil {
		p.answer("Result", reflect.TypeOf(c.result))
	}
	for _, e := range c.events {
		p.answer("Event", reflect.TypeOf(e))
	}
}

// answer shows a result or an event: its keys, or where they are when others have them too.
func (p *manual) answer(what string, t reflect.Type) {
	if p.shared[t] > 1 {
		fmt.Fprintf(p, "\n%s: %s.\n", what, p.kind(t))
		return
	}
	fmt.Fprintf(p, "\n%s:\n\n", what)
	p.shape(t)
}

// fields lists what a command takes.
func (p *manual) fields(within string, list []*field) {
	filter := filterList()
	same := func(a, b *field) bool { return a.Name == b.Name && a.Description == b.Description }
	if len(list) >= len(filter) && slices.EqualFunc(list[:len(filter)], filter, same) {
		fmt.Fprintf(p, "| `%s…` | | those of the [filter](#filter) |\n", within)
		list = list[len(filter):]
	}
	p.rows(within, list)
}

func (p *manual) rows(within string, list []*field) {
	for _, fl := range list {
		what := fl.Description
		if fl.Allowed != nil {
			what += ": `" + strings.Join(fl.Allowed, "`, `") + "`"
		}
		if fl.Minimum != nil && *fl.Maximum < maxCount {
			what += fmt.Sprintf(" (%s to %s)", plain(*fl.Minimum), plain(*fl.Maximum))
		}
		if fl.Required {
			what = "**needed**; " + what
		}
		fmt.Fprintf(p, "| `%s%s` | %s | %s |\n", within, fl.Name, fl.Type, what)
		p.fields(within+fl.Name+".", fl.Fields)
	}
}

func plain(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

// shape lists the keys of an object.
func (p *manual) shape(t reflect.Type) {
	p.WriteString("| key | type | |\n| --- | --- | --- |\n")
	p.keys(t)
}

func (p *manual) keys(t reflect.Type) {
	eachKey(t, func(of reflect.Type, f reflect.StructField, name string, optional bool) {
		kind := p.kind(f.Type)
		if optional {
			kind = strings.TrimSuffix(kind, " or null") + ", may be left out"
		}
		fmt.Fprintf(p, "| `%s` | %s | %s |\n", name, kind, p.comments[of.Name()+"."+f.Name])
	})
}

// eachKey visits what encoding/json writes of a struct.
func eachKey(t reflect.Type, visit func(of reflect.Type, f reflect.StructField, name string, optional bool)) {
	for f := range t.Fields() {
		tag, tagged := f.Tag.Lookup("json")
		name, options, _ := strings.Cut(tag, ",")
		switch {
		case f.Anonymous && !tagged:
			eachKey(f.Type, visit)
		case f.IsExported() && name != "-":
			visit(t, f, cmp.Or(name, f.Name), strings.Contains(options, "omit"))
		}
	}
}

// ResultKeys is what the manual says a command answers: all keys, and those that are always there.
func (s *Server) ResultKeys(name string) (all, always []string) {
	t := reflect.TypeOf(s.commands[name].result)
	if t == nil {
		return nil, nil
	}
	eachKey(t, func(_ reflect.Type, _ reflect.StructField, name string, optional bool) {
		if all = append(all, name); !optional {
			always = append(always, name)
		}
	})
	return all, always
}

// kind says what a value is in JSON.
func (p *manual) kind(t reflect.Type) string {
	switch {
	case t == reflect.TypeFor[time.Time]():
		return "time"
	case t == reflect.TypeFor[[]byte]():
		return "string in base64"
	case t == reflect.TypeFor[any]():
		return "anything"
	}
	switch t.Kind() {
	case reflect.Pointer:
		return p.kind(t.Elem()) + " or null"
	case reflect.Slice:
		return "list of " + strings.TrimSuffix(p.kind(t.Elem()), " or null")
	case reflect.Map:
		return "object of " + p.kind(t.Elem()) + " by id"
	case reflect.Struct:
		if !slices.Contains(p.named, t) {
			p.named = append(p.named, t)
		}
		return fmt.Sprintf("[%s](#%s)", shapeName(t), strings.ReplaceAll(shapeName(t), " ", "-"))
	case reflect.Bool:
		return "boolean"
	case reflect.String:
		return "string"
	case reflect.Float64, reflect.Float32:
		return "number"
	default:
		return "integer"
	}
}

// shapeName is what a page calls a type: satelliteWakeWord is a wake word.
func shapeName(t reflect.Type) string {
	var words strings.Builder
	for i, r := range strings.TrimSuffix(strings.TrimSuffix(t.Name(), "JSON"), "Result") {
		if i > 0 && 'A' <= r && r <= 'Z' {
			words.WriteByte(' ')
		}
		words.WriteRune(r)
	}
	return strings.ToLower(words.String())
}

// comments reads those that stand behind fields and error codes.
func comments(t *testing.T) map[string]string {
	found := map[string]string{}
	for _, dir := range []string{"../../history", "."} {
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			parsed, err := parser.ParseFile(gotoken.NewFileSet(), file, nil, parser.ParseComments|parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(parsed, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.TypeSpec:
					if s, ok := n.Type.(*ast.StructType); ok {
						noteFields(found, n.Name.Name, s)
					}
				case *ast.ValueSpec:
					if value, ok := codeOf(n); ok {
						found["const "+value] = strings.TrimSpace(n.Comment.Text())
					}
				}
				return true
			})
		}
	}
	return found
}

func noteFields(found map[string]string, of string, s *ast.StructType) {
	for _, f := range s.Fields.List {
		for _, name := range f.Names {
			found[of+"."+name.Name] = strings.TrimSpace(f.Comment.Text())
		}
	}
}

// codeOf is the value of a constant that is an error code.
func codeOf(n *ast.ValueSpec) (value string, ok bool) {
	if len(n.Values) != 1 || !strings.HasPrefix(n.Names[0].Name, "code") {
		return "", false
	}
	literal, ok := n.Values[0].(*ast.BasicLit)
	if !ok || literal.Kind != gotoken.STRING {
		return "", false
	}
	value, err := strconv.Unquote(literal.Value)
	return value, err == nil
}
