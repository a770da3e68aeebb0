package supervisor

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"

	"earshot/internal/config"
)

// folder is the add-on's.
const folder = "../../addon/"

// addonFile is the part of config.yaml that this program has to agree with.
type addonFile struct {
	Version   string         `yaml:"version"`
	Slug      string         `yaml:"slug"`
	Discovery []string       `yaml:"discovery"`
	Port      int            `yaml:"ingress_port"`
	Options   map[string]any `yaml:"options"`
	Schema    map[string]any `yaml:"schema"`
}

func readYAML(t *testing.T, path string, into any) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err == nil {
		err = yaml.Unmarshal(data, into)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func keys(m any) []string { return slices.Sorted(maps.Keys(m.(map[string]any))) }

// TestAddOn holds the add-on's folder against this program, the integration and its texts.
func TestAddOn(t *testing.T) {
	var file addonFile
	readYAML(t, folder+"config.yaml", &file)
	manifest := map[string]any{}
	readYAML(t, "../../custom_components/earshot/manifest.json", &manifest)
	if file.Version != manifest["version"] || file.Slug != manifest["domain"] || !slices.Equal(file.Discovery, []string{file.Slug}) || file.Port != 8127 {
		t.Errorf("%+v does not fit the integration: %v", file, manifest)
	}
	for _, name := range []string{"CHANGELOG.md", "Dockerfile"} {
		if text, err := os.ReadFile(folder + name); err != nil || !strings.Contains(string(text), file.Version) {
			t.Errorf("%s does not know version %s: %v", name, file.Version, err)
		}
	}
	data, err := json.Marshal(file.Options)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "options.json")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	text, err := Options(path)
	if err == nil {
		_, err = config.Parse("options", text)
	}
	if err != nil {
		t.Errorf("the options as they are at first: %v", err)
	}
	schema := file.Schema["satellites"].([]any)[0]
	for _, lang := range []string{"en", "de"} {
		var texts struct {
			Configuration map[string]struct {
				Fields map[string]any `yaml:"fields"`
			} `yaml:"configuration"`
		}
		readYAML(t, folder+"translations/"+lang+".yaml", &texts)
		if diff := cmp.Diff(keys(file.Schema), slices.Sorted(maps.Keys(texts.Configuration))); diff != "" {
			t.Errorf("texts of %s (-schema +texts):\n%s", lang, diff)
		}
		if diff := cmp.Diff(keys(schema), keys(texts.Configuration["satellites"].Fields)); diff != "" {
			t.Errorf("texts of %s for a satellite (-schema +texts):\n%s", lang, diff)
		}
	}
}

// TestOptionsAreTheSchema reads every option that the schema allows, and none that it does not.
func TestOptionsAreTheSchema(t *testing.T) {
	var file addonFile
	readYAML(t, folder+"config.yaml", &file)
	named := func(v any) []string {
		data, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		m := map[string]any{}
		if err := json.NewDecoder(bytes.NewReader(data)).Decode(&m); err != nil {
			t.Fatal(err)
		}
		return keys(m)
	}
	if diff := cmp.Diff(keys(file.Schema), named(options{})); diff != "" {
		t.Errorf("options (-schema +program):\n%s", diff)
	}
	if diff := cmp.Diff(keys(file.Schema["satellites"].([]any)[0]), named(satellite{})); diff != "" {
		t.Errorf("options of a satellite (-schema +program):\n%s", diff)
	}
	docs, err := os.ReadFile(folder + "DOCS.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range append(keys(file.Schema), keys(file.Schema["satellites"].([]any)[0])...) {
		if !strings.Contains(string(docs), "`"+key) && !strings.Contains(string(docs), key+"`") {
			t.Errorf("DOCS.md does not explain %s", key)
		}
	}
}

// TestSchemaLetsThrough keeps out in Home Assistant's own form what this program would refuse.
func TestSchemaLetsThrough(t *testing.T) {
	var file addonFile
	readYAML(t, folder+"config.yaml", &file)
	pattern, _ := strings.CutPrefix(file.Schema["keep_commands"].(string), "match(")
	allowed := regexp.MustCompile(strings.TrimSuffix(pattern, ")"))
	for text, want := range map[string]bool{"never": true, "12h": true, "90d": true, "2w": true, "18m": true, "1y": true, "": false, "0d": false, "90": false, "d": false, "90 d": false} {
		if allowed.MatchString(text) != want {
			t.Errorf("%q is let through: %v", text, !want)
		}
		_, err := config.Parse("c", []byte("satellites: [{id: a}]\nhistory: {retention: {understood: \""+text+"\"}}\n"))
		if want && err != nil {
			t.Errorf("%q is let through, and refused: %v", text, err)
		}
	}
}
