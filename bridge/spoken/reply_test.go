package spoken_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"earshot/bridge/spoken"
)

func TestSay(t *testing.T) {
	t.Parallel()
	p := phrases(t)
	deleted := func(n int) spoken.Answer { return spoken.Answer{Reply: spoken.Deleted, Count: n} }
	for _, tt := range []struct {
		language string
		answer   spoken.Answer
		want     string
	}{
		{"en", deleted(0), "Nothing was found to delete."},
		{"en-GB", deleted(1), "I deleted one recording."},
		{"en", deleted(3), "I deleted 3 recordings."},
		{"de", deleted(0), "Es gab nichts zu löschen."},
		{"de-AT", deleted(1), "Ich habe eine Aufnahme gelöscht."},
		{"de", deleted(25000), "Ich habe 25000 Aufnahmen gelöscht."},
		{"fr", deleted(0), "Il n'y avait rien à supprimer."},
		{"fr", deleted(1), "J'ai supprimé un enregistrement."},
		{"fr", deleted(2), "J'ai supprimé 2 enregistrements."},
		{"es", deleted(0), "No había nada que borrar."},
		{"es", deleted(1), "He borrado una grabación."},
		{"es", deleted(2), "He borrado 2 grabaciones."},
		{"it", deleted(0), "Non c'era niente da cancellare."},
		{"it", deleted(1), "Ho cancellato una registrazione."},
		{"it", deleted(2), "Ho cancellato 2 registrazioni."},
		{"nl", deleted(0), "Er was niets om te wissen."},
		{"nl", deleted(1), "Ik heb één opname gewist."},
		{"nl", deleted(2), "Ik heb 2 opnamen gewist."},
		{"", deleted(2), "I deleted 2 recordings."},
		{"xx", deleted(1), "I deleted one recording."},
		{"en", spoken.Answer{Reply: spoken.Deleted, Count: 2, Kept: 1}, "I deleted 2 recordings. One recording is still there, because it is marked to be kept."},
		{"en", spoken.Answer{Reply: spoken.Deleted, Kept: 2}, "Nothing was found to delete. 2 recordings are still there, because they are marked to be kept."},
		{"en", spoken.Answer{Reply: spoken.Incomplete, Count: 2}, "I deleted 2 recordings, but others could not be deleted."},
		{"en", spoken.Answer{Reply: spoken.Incomplete, Count: 1}, "I deleted one recording, but others could not be deleted."},
		{"en", spoken.Answer{Reply: spoken.Incomplete}, "That failed; nothing was deleted."},
		{"en", spoken.Answer{Reply: spoken.Failed}, "That failed; nothing was deleted."},
		{"en", spoken.Answer{Reply: spoken.NothingDeleted}, "Nothing was deleted."},
		{"en", spoken.Answer{Reply: spoken.Confirm}, "This deletes everything I have ever recorded. Are you sure?"},
		{"en", spoken.Answer{Reply: spoken.ConfirmEverywhere}, "This deletes everything that was ever recorded, in every room. Are you sure?"},
		{"en", spoken.Answer{Reply: spoken.RecordingOff}, "Recording is off now."},
		{"en", spoken.Answer{Reply: spoken.RecordingOn}, "Recording is on now."},
		{"en", spoken.Answer{Reply: spoken.Muted}, "The microphone is muted now. Unmute it in Home Assistant."},
		{"nl-BE", spoken.Answer{Reply: spoken.RecordingOff}, "De opname staat nu uit."},
	} {
		if got := p.Say(tt.language, tt.answer); got != tt.want {
			t.Errorf("Say(%q, %+v) = %q, want %q", tt.language, tt.answer, got, tt.want)
		}
	}
}

// TestRepliesAreComplete wants every language to have every reply, in its own words, and no reply to be a command that could be heard again.
func TestRepliesAreComplete(t *testing.T) {
	t.Parallel()
	p := phrases(t)
	english := p.ReplyTexts("en")
	for _, code := range codes {
		replies := p.ReplyTexts(code)
		if diff := cmp.Diff(slices.Sorted(maps.Keys(english)), slices.Sorted(maps.Keys(replies))); diff != "" {
			t.Errorf("replies of %s (-en +%s):\n%s", code, code, diff)
		}
		for key, text := range replies {
			if code != "en" && text == english[key] {
				t.Errorf("%s.%s is English", code, key)
			}
			if strings.Contains(text, "{count}") != strings.HasSuffix(key, "_many") {
				t.Errorf("%s.%s %q: {count} belongs to the many, and only there", code, key, text)
			}
			for _, part := range append(strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(".?!;,", r) }), text) {
				if got := meaningOf(p, part, ""); got != (spoken.Command{}) {
					t.Errorf("%s.%s %q is itself %+v", code, key, part, got)
				}
			}
		}
	}
}
