package config

import (
	"fmt"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// checkShape compares the document with the Go types it is decoded into: unknown and doubled keys, and values of the wrong kind.
func (r *report) checkShape(root *yaml.Node, into any) {
	r.check(root, reflect.TypeOf(into), "")
}

func (r *report) check(n *yaml.Node, t reflect.Type, path string) {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if path != "" {
		if _, seen := r.lines[path]; !seen {
			r.lines[path] = n.Line
		}
	}
	if n.Kind == yaml.ScalarNode && n.Tag == "!!null" {
		return // an empty value keeps the default
	}
	switch t.Kind() {
	case reflect.Struct:
		if n.Kind == yaml.ScalarNode && scalarForm(t) {
			return
		}
		r.checkMapping(n, t, path)
	case reflect.Slice:
		if n.Kind != yaml.SequenceNode {
			r.add(path, "a list is needed here: [a, b] or lines that start with -")
			return
		}
		for i, item := range n.Content {
			r.check(item, t.Elem(), fmt.Sprintf("%s[%d]", path, i))
		}
	case reflect.Map:
		if n.Kind != yaml.MappingNode {
			r.add(path, "names with values are needed here, such as en: …")
			return
		}
		for i := 0; i+1 < len(n.Content); i += 2 {
			r.check(n.Content[i+1], t.Elem(), path+"."+n.Content[i].Value)
		}
	default:
		r.checkScalar(n, t, path)
	}
}

// scalarForm tells whether a struct may also be written as one word, as wake_words may.
func scalarForm(t reflect.Type) bool {
	return reflect.PointerTo(t).Implements(reflect.TypeFor[yaml.Unmarshaler]())
}

func (r *report) checkMapping(n *yaml.Node, t reflect.Type, path string) {
	if n.Kind != yaml.MappingNode {
		r.add(path, "keys are needed here, such as "+strings.Join(firstKeys(t, 3), ", "))
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		at := strings.TrimPrefix(path+"."+key.Value, ".")
		field, ok := fieldOf(t, key.Value)
		switch {
		case !ok:
			r.lines[at] = key.Line
			r.add(at, unknownKey(key.Value, t))
		case seen[key.Value]:
			r.problems = append(r.problems, Problem{Line: key.Line, Key: at, Message: "is there twice; keep one"})
		default:
			r.lines[at] = key.Line
			r.check(value, field.Type, at)
		}
		seen[key.Value] = true
	}
}

// kinds says in words what a scalar of a Go kind must be.
func kindWord(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int64:
		return "a whole number"
	case reflect.Float64:
		return "a number"
	default:
		return "text"
	}
}

func (r *report) checkScalar(n *yaml.Node, t reflect.Type, path string) {
	want := kindWord(t)
	if n.Kind != yaml.ScalarNode {
		r.add(path, "needs "+want)
		return
	}
	ok := true
	switch t.Kind() {
	case reflect.Bool:
		ok = n.Tag == "!!bool"
	case reflect.Int, reflect.Int64:
		_, err := strconv.ParseInt(n.Value, 10, 64)
		ok = err == nil
	case reflect.Float64:
		_, err := strconv.ParseFloat(n.Value, 64)
		ok = err == nil
	}
	if !ok {
		r.add(path, fmt.Sprintf("%q is not %s", n.Value, want))
	}
}

// yamlName is the key of a struct field, or "" when it has none.
func yamlName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
	if name == "-" {
		return ""
	}
	return name
}

func fieldOf(t reflect.Type, key string) (reflect.StructField, bool) {
	for _, f := range reflect.VisibleFields(t) { // those of embedded structs too, which are written inline
		if key != "" && yamlName(f) == key {
			return f, true
		}
	}
	return reflect.StructField{}, false
}

func firstKeys(t reflect.Type, n int) []string {
	keys := keysOf(t)
	return keys[:min(n, len(keys))]
}

func keysOf(t reflect.Type) []string {
	var keys []string
	for _, f := range reflect.VisibleFields(t) {
		if name := yamlName(f); name != "" {
			keys = append(keys, name)
		}
	}
	return keys
}

func unknownKey(key string, t reflect.Type) string {
	keys := keysOf(t)
	if near, ok := nearest(key, keys); ok {
		return fmt.Sprintf("is not a key here; did you mean %q?", near)
	}
	slices.Sort(keys)
	return "is not a key here; these are: " + strings.Join(keys, ", ")
}

// nearest finds the one word a person probably meant: at most a third of its letters off.
func nearest(word string, among []string) (string, bool) {
	best, at := "", len(word)/3+2
	for _, w := range among {
		if d := editDistance(strings.ToLower(word), w); d < at && d <= len(w)/3+1 {
			best, at = w, d
		}
	}
	return best, best != ""
}

// editDistance counts insertions, deletions, replacements and swaps of neighbours (optimal string alignment).
func editDistance(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}

// envName is a reference to an environment variable inside a value.
var envName = regexp.MustCompile(`\$\{([A-Za-z_][A-Za-z0-9_]*)\}`)

// expandEnv replaces ${NAME} in every value. A name that is not set is a mistake, not an empty secret.
func (r *report) expandEnv(n *yaml.Node) {
	if n.Kind == yaml.ScalarNode && strings.Contains(n.Value, "${") {
		n.Value = envName.ReplaceAllStringFunc(n.Value, func(ref string) string {
			name := envName.FindStringSubmatch(ref)[1]
			value, ok := os.LookupEnv(name)
			if !ok {
				r.problems = append(r.problems, Problem{Line: n.Line, Message: fmt.Sprintf("${%s} is not set in the environment", name)})
			}
			return value
		})
	}
	for i, child := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 0 {
			continue // keys are never expanded
		}
		r.expandEnv(child)
	}
}

// lookup finds a key of a mapping.
func lookup(n *yaml.Node, key string) *yaml.Node {
	for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}
