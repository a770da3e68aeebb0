package spoken

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

const (
	apostrophes = "'’‘‛ʼ＇′`´"
	hyphens     = "-‐‑"     // one between two letters is part of a spelling, as in "to-day"
	meaningful  = `%&@#*/\` // punctuation to Unicode, but read as words
)

// normalise brings the spellings of one sentence to one form: small letters, composed accents, single blanks, no punctuation.
// Accents stay, as they tell words apart. Anything else that is not a letter stays too, so that it keeps a sentence from matching.
func normalise(text string) string {
	text = norm.NFC.String(text) // speech-to-text programs write an accent in one letter or in two
	var b strings.Builder
	b.Grow(len(text))
	var before rune // the rune before, as written
	gap := false
	for i, r := range text {
		switch {
		case strings.ContainsRune(apostrophes, r), unicode.Is(unicode.Cf, r):
		case strings.ContainsRune(hyphens, r):
			after, _ := utf8.DecodeRuneInString(text[i+utf8.RuneLen(r):])
			gap = gap || !unicode.IsLetter(before) || !unicode.IsLetter(after)
		case unicode.IsSpace(r), unicode.IsPunct(r) && !strings.ContainsRune(meaningful, r):
			gap = true
		default:
			if gap && b.Len() > 0 {
				b.WriteByte(' ')
			}
			gap = false
			fold(&b, r)
		}
		before = r
	}
	return norm.NFC.String(b.String()) // some letters with accents exist in small only
}

// fold writes a rune without its case; by way of the capital, as some small letters share one.
func fold(b *strings.Builder, r rune) {
	if r == 'ß' || r == 'ẞ' {
		b.WriteString("ss")
		return
	}
	b.WriteRune(unicode.ToLower(unicode.ToUpper(r)))
}
