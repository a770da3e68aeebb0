// Package detector decides from samples alone when a wake word was said and when a command has ended.
package detector
