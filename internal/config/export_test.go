package config

import "reflect"

// Keys lists every key a file can have, without its path, in the order of the sections.
func Keys() []string {
	var keys []string
	var walk func(t reflect.Type)
	walk = func(t reflect.Type) {
		switch t.Kind() {
		case reflect.Slice:
			walk(t.Elem())
		case reflect.Struct:
			for _, f := range reflect.VisibleFields(t) {
				if name := yamlName(f); name != "" {
					keys = append(keys, name)
					walk(f.Type)
				}
			}
		}
	}
	walk(reflect.TypeFor[Config]())
	return keys
}
