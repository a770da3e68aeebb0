package config_test

import (
	"flag"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"

	"earshot/internal/config"
)

var update = flag.Bool("update", false, "write docs/configuration.md")

// docHead is how docs/configuration.md begins.
const docHead = `# Configuration

Every key of the configuration file: what it takes, the value it has when it is left out, and what it is for. It is made from the program's own types and from
` + "`config.example.yaml`" + `, by ` + "`go test ./internal/config -run TestConfigurationDoc -update`" + `; a test says when it is not up to date.

` + "`earshot check-config --config config.yaml`" + ` says everything that is wrong with a file, each with its line. Any value may use an environment variable:
` + "`${NAME}`" + `. [Changes while it runs](reload.md) says what counts at once.
`

// TestConfigurationDoc keeps docs/configuration.md as the types and the example are.
func TestConfigurationDoc(t *testing.T) {
	example, err := os.ReadFile("../../config.example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var file yaml.Node
	if err := yaml.Unmarshal(example, &file); err != nil {
		t.Fatal(err)
	}
	d := &document{}
	d.WriteString(docHead)
	d.sections(file.Content[0], reflect.TypeFor[config.Config]())
	const path = "../../docs/configuration.md"
	if *update {
		if err := os.WriteFile(path, []byte(d.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(d.String(), string(got)); diff != "" {
		t.Errorf("docs/configuration.md is not up to date; go test ./internal/config -run TestConfigurationDoc -update (-want +got):\n%s", diff)
	}
}

// document writes the keys of a mapping as a table, and those of the mappings in it as further rows.
type document struct{ strings.Builder }

func (d *document) sections(root *yaml.Node, t reflect.Type) {
	for i := 0; i+1 < len(root.Content); i += 2 {
		key, value := root.Content[i], root.Content[i+1]
		fmt.Fprintf(d, "\n## %s\n\n", key.Value)
		if about := comments(key, value); about != "" {
			fmt.Fprintf(d, "%s\n\n", about)
		}
		d.WriteString("| key | takes | left out | what it is for |\n| --- | --- | --- | --- |\n")
		inner := config.FieldType(t, key.Value)
		if inner.Kind() == reflect.Slice { // of mappings, of which the example has one, with a name that it would not have by itself
			inner, value = inner.Elem(), value.Content[0]
			for _, item := range value.Content[:6] {
				if item.Kind == yaml.ScalarNode && strings.EqualFold(item.Value, "kitchen") {
					item.Value = ""
				}
			}
		}
		d.rows(value, inner, "")
	}
}

func (d *document) rows(mapping *yaml.Node, t reflect.Type, path string) {
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		key, value := mapping.Content[i], mapping.Content[i+1]
		at := strings.TrimPrefix(path+"."+key.Value, ".")
		inner := config.FieldType(t, key.Value)
		about := comments(key, value)
		if value.Kind == yaml.MappingNode && inner.Kind() == reflect.Struct {
			if about != "" {
				fmt.Fprintf(d, "| `%s` | keys | | %s |\n", at, about)
			}
			d.rows(value, inner, at)
			continue
		}
		fmt.Fprintf(d, "| `%s` | %s | %s | %s |\n", at, takes(inner), preset(value), about)
	}
}

// comments is what the example says of a key.
func comments(nodes ...*yaml.Node) string {
	var all []string
	for _, n := range nodes {
		for _, c := range []string{n.HeadComment, n.LineComment, n.FootComment} {
			for line := range strings.Lines(c) {
				if line = strings.TrimSpace(strings.TrimLeft(strings.TrimSpace(line), "#")); line != "" {
					all = append(all, line)
				}
			}
		}
	}
	return strings.ReplaceAll(strings.Join(all, "<br>"), "|", `\|`)
}

func preset(n *yaml.Node) string {
	if n.Value == "" && n.Kind == yaml.ScalarNode {
		return "empty"
	}
	plain := *n
	plain.HeadComment, plain.LineComment, plain.FootComment = "", "", ""
	text, err := yaml.Marshal(&plain)
	if err != nil {
		return ""
	}
	return "`" + strings.TrimSpace(string(text)) + "`"
}

func takes(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Slice:
		return "a list"
	case reflect.Map:
		return "names with values"
	default:
		return config.KindWord(t)
	}
}
