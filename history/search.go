package history

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// between stands between the folded transcript and reply. No folded text holds it, as it is never a part of UTF-8.
const between = "\xff"

// Searched is what a store looks for the text of a filter in, byte by byte. Databases ignore letter case only from A to Z, or as their locale
// has it, and take % and _ for more than they are.
func Searched(transcript, reply string) []byte {
	if transcript == "" && reply == "" {
		return []byte{}
	}
	return []byte(Fold(transcript) + between + Fold(reply))
}

// Fold maps letters that differ only in case to one of them, in every script.
// ref: Unicode Standard, section 5.18, simple case folding
func Fold(s string) string {
	return strings.Map(func(r rune) rune {
		if r < utf8.RuneSelf {
			if 'a' <= r && r <= 'z' {
				r -= 'a' - 'A'
			}
			return r
		}
		first := r
		for other := unicode.SimpleFold(r); other != r; other = unicode.SimpleFold(other) {
			first = min(first, other)
		}
		return first
	}, s)
}
