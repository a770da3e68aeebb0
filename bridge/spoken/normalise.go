package spoken

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	apostrophes = "'’‘‛ʼ＇′`´"
	hyphens     = "-‐‑"     // one between two letters is part of a spelling, as in "to-day"
	meaningful  = `%&@#*/\` // punctuation to Unicode, but read as words
)

// normalise brings the spellings of one sentence to one form: small letters, composed accents, single blanks, no punctuation.
// Accents stay, as they tell words apart. Anything else that is not a letter stays too, so that it keeps a sentence from matching.
func normalise(text string) string {
	text = compose(text)
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
	return b.String()
}

// fold writes a rune without its case; by way of the capital, as some small letters share one.
func fold(b *strings.Builder, r rune) {
	if r == 'ß' || r == 'ẞ' {
		b.WriteString("ss")
		return
	}
	b.WriteRune(unicode.ToLower(unicode.ToUpper(r)))
}

// accents lists, for each combining mark, letters and what they become with it.
// ref: Unicode Character Database, UnicodeData.txt, canonical decompositions of Latin-1 letters
var accents = map[rune]string{
	'\u0300': "aàeèiìoòuùAÀEÈIÌOÒUÙ",
	'\u0301': "aáeéiíoóuúyýAÁEÉIÍOÓUÚYÝ",
	'\u0302': "aâeêiîoôuûAÂEÊIÎOÔUÛ",
	'\u0303': "aãnñoõAÃNÑOÕ",
	'\u0308': "aäeëiïoöuüyÿAÄEËIÏOÖUÜ",
	'\u0327': "cçCÇ",
}

// compose replaces a letter and the combining mark after it by the one letter, which speech-to-text programs write in either way.
func compose(text string) string {
	if !strings.ContainsFunc(text, isAccent) {
		return text
	}
	runes := make([]rune, 0, len(text))
	for _, r := range text {
		if n := len(runes); n > 0 && isAccent(r) {
			if one, ok := accented(runes[n-1], r); ok {
				runes[n-1] = one
				continue
			}
		}
		runes = append(runes, r)
	}
	return string(runes)
}

func isAccent(r rune) bool {
	return r >= '\u0300' && r <= '\u0327'
}

func accented(letter, mark rune) (rune, bool) {
	pairs := []rune(accents[mark])
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i] == letter {
			return pairs[i+1], true
		}
	}
	return 0, false
}
