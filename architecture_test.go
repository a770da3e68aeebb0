package earshot

import (
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// arrows says which packages of ours each package may import. A package that is not here fails the test.
// "*" stands for everything.
var arrows = map[string][]string{
	"bench/enrol":                   {"detector/openwakeword", "detector/ownword", "detector/ownword/mix", "scripts/ffmpeg"},
	"bench/latency":                 {"detector", "e2e/lab", "internal/audio"},
	"bench/rooms":                   {"detector", "history", "internal/audio"},
	"bridge":                        {"bridge/spoken", "detector", "history", "internal/assist", "internal/audio", "internal/speaker"},
	"bridge/spoken":                 {},
	"cmd/earshot":                   {"*"},
	"detector":                      {"detector/microfrontend", "detector/openwakeword", "detector/tflite"},
	"detector/microfrontend":        {},
	"detector/openwakeword":         {"detector/onnx", "detector/tflite"},
	"detector/onnx":                 {},
	"detector/onnx/onnxtest":        {},
	"detector/ownword":              {"detector/openwakeword", "detector/ownword/mix", "internal/durable"},
	"detector/ownword/mix":          {},
	"detector/silero":               {"detector/onnx"},
	"detector/tflite":               {},
	"detector/wyoming":              {"detector", "internal/backoff", "internal/wyoming"},
	"e2e/fill":                      {"history", "history/files", "history/sqlite", "internal/audio"},
	"e2e/lab":                       {},
	"e2e/lab/labrun":                {"e2e/lab", "history", "internal/audio"},
	"discovery":                     {},
	"history":                       {"internal/durable"},
	"history/crashchild":            {"history", "history/files", "history/postgres", "history/s3", "history/sqlite"},
	"history/files":                 {"history", "internal/durable"},
	"history/historytest":           {"history"},
	"history/postgres":              {"history", "history/table", "internal/backoff"},
	"history/postgres/postgrestest": {},
	"history/table":                  {"history"},
	"history/s3":                    {"history"},
	"history/s3/s3test":             {},
	"history/sqlite":                {"history", "history/table", "internal/durable"},
	"internal/assist":               {"internal/backoff"},
	"internal/assist/assisttest":    {"internal/assist"},
	"internal/audio":                {"internal/backoff", "internal/wav"},
	"internal/audio/audiotest":      {"internal/testkit"},
	"internal/config":               {"bridge", "bridge/spoken", "history", "internal/mqtt", "internal/server"},
	"internal/backoff":              {},
	"internal/durable":              {},
	"internal/mdns":                 {"internal/backoff"},
	"internal/metrics":              {"history"},
	"internal/catalogue":            {},
	"internal/mqtt":                 {"internal/backoff"},
	"internal/mqtt/mqtttest":        {"internal/testkit"},
	"internal/server":               {"history", "internal/durable"},
	"internal/speaker":              {"internal/wav"},
	"internal/supervisor":           {},
	"internal/supervisor/suptest":   {},
	"internal/testkit":              {},
	"internal/wav":                  {},
	"internal/wyoming":              {},
	"internal/wyoming/wyomingtest":  {"internal/wyoming"},
	"scripts/bank":                  {"detector/openwakeword", "detector/ownword", "detector/ownword/mix", "scripts/ffmpeg"},
	"scripts/ffmpeg":                {},
	"web":                           {},
}

// TestArrows keeps the direction of imports, a comment of one sentence on every package, and the table complete.
func TestArrows(t *testing.T) {
	seen := map[string]bool{}
	err := filepath.WalkDir(".", func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if !d.IsDir() {
			return nil
		}
		if name := d.Name(); name == "testdata" || name == "bin" || name == "models" || name == "node_modules" || (strings.HasPrefix(name, ".") && path != ".") {
			return filepath.SkipDir
		}
		comments, imports := readPackage(t, path)
		if comments == nil {
			return nil
		}
		pkg := filepath.ToSlash(path)
		seen[pkg] = true
		allowed, listed := arrows[pkg]
		if !listed {
			t.Errorf("package %s is not in the table of arrows", pkg)
		}
		for _, imp := range imports {
			if !slices.Contains(allowed, imp) && !slices.Contains(allowed, "*") {
				t.Errorf("%s imports %s: that arrow is not in the table", pkg, imp)
			}
		}
		checkComment(t, pkg, comments)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for pkg := range arrows {
		if !seen[pkg] {
			t.Errorf("the table of arrows names %s, which is not there", pkg)
		}
	}
}

// readPackage returns the package comments and the imports of ours in a folder; comments is nil where there is no Go code beside tests.
func readPackage(t *testing.T, dir string) (comments, imports []string) {
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		if comments == nil {
			comments = []string{}
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments|parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		if f.Doc != nil {
			comments = append(comments, strings.TrimSpace(f.Doc.Text()))
		}
		for _, imp := range f.Imports {
			if p, ours := strings.CutPrefix(strings.Trim(imp.Path.Value, `"`), "earshot/"); ours {
				imports = append(imports, p)
			}
		}
	}
	return comments, imports
}

// checkComment wants one package comment, and its first paragraph to be one sentence: a second one means a second package.
func checkComment(t *testing.T, pkg string, comments []string) {
	if len(comments) != 1 {
		t.Errorf("package %s has %d package comments, not one", pkg, len(comments))
		return
	}
	first, _, _ := strings.Cut(comments[0], "\n\n")
	first = strings.Join(strings.Fields(first), " ")
	if !strings.HasSuffix(first, ".") || strings.Contains(first, ". ") {
		t.Errorf("package %s: the comment begins with one sentence, not: %s", pkg, first)
	}
}

// TestNoCgo keeps the program buildable for every platform without a C compiler, and free of packages that would need one.
func TestNoCgo(t *testing.T) {
	for _, arch := range []string{"amd64", "arm64", "arm"} {
		cmd := exec.Command("go", "list", "-deps", "-f", "{{if .CgoFiles}}{{.ImportPath}}{{end}}", "./cmd/earshot")
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOARCH="+arch)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("list dependencies for %s: %v\n%s", arch, err, out)
		}
		if list := strings.TrimSpace(string(out)); list != "" {
			t.Errorf("%s needs cgo: %s", arch, list)
		}
	}
}
