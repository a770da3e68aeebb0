// Package ownword makes a wake word from a few recordings of a household, and hears it.
package ownword
