package config

import (
	"fmt"
	"os"
	"reflect"

	"gopkg.in/yaml.v3"
)

// Differences names the keys, such as history.retention.at, that two configurations do not have in common. What the satellites are is not among them.
func Differences(a, b Config) []string {
	a.Satellites, b.Satellites = nil, nil
	return differences(reflect.ValueOf(a), reflect.ValueOf(b), "")
}

func differences(a, b reflect.Value, path string) (keys []string) {
	switch a.Kind() {
	case reflect.Struct:
		for i := range a.NumField() {
			at := path
			if name := yamlName(a.Type().Field(i)); name != "" { // none where it is written inline
				at = path + "." + name
			}
			keys = append(keys, differences(a.Field(i), b.Field(i), at)...)
		}
		return keys
	case reflect.Slice, reflect.Map:
		if a.Len() == 0 && b.Len() == 0 {
			return nil // an empty one is as good as none
		}
	}
	if reflect.DeepEqual(a.Interface(), b.Interface()) {
		return nil
	}
	return []string{path[1:]}
}

// Locate finds the lines of mistakes that were found by others than Load, in the file that the configuration was read from.
func (e *Error) Locate(path string) {
	data, err := os.ReadFile(path)
	if err != nil {
		return // the mistakes are as true without
	}
	var doc yaml.Node
	if yaml.Unmarshal(data, &doc) != nil || len(doc.Content) == 0 {
		return
	}
	r := newReport(e.File)
	r.checkShape(doc.Content[0], Default())
	for i, p := range e.Problems {
		if p.Line == 0 {
			e.Problems[i].Line = r.line(p.Key)
		}
	}
}

// Places says where the mistakes are without a word of what the file holds: `config.yaml:3 (log.level)`.
func (e *Error) Places() (places []string) {
	for _, p := range e.Problems {
		place := e.File
		if p.Line > 0 {
			place = fmt.Sprintf("%s:%d", e.File, p.Line)
		}
		if p.Key != "" {
			place += " (" + p.Key + ")"
		}
		places = append(places, place)
	}
	return places
}
