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

// KindWord says in words what a value of a type must be.
var KindWord = kindWord

// FieldType is the type of a key of a struct, also where that is written inline; nil where there is no such key.
func FieldType(t reflect.Type, key string) reflect.Type {
	f, _ := fieldOf(t, key)
	return f.Type
}
