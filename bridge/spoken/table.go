package spoken

import (
	"maps"
	"slices"
	"sort"
	"strings"
)

// table is all sentences with their meanings, sorted, in one piece of memory: as a map they would take several times as much, on
// machines that have little.
type table struct {
	text     string   // the sentences one after the other
	ends     []uint32 // where each of them ends in text
	which    []uint32 // index of its meaning
	meanings []*meaning
}

// pack makes the table.
func pack(sentences map[string]*meaning) table {
	sorted := slices.Sorted(maps.Keys(sentences))
	t := table{ends: make([]uint32, 0, len(sorted)), which: make([]uint32, 0, len(sorted))}
	known := map[*meaning]uint32{}
	var text strings.Builder
	for _, sentence := range sorted {
		m := sentences[sentence]
		i, ok := known[m]
		if !ok {
			i = uint32(len(t.meanings))
			known[m] = i
			t.meanings = append(t.meanings, m)
		}
		text.WriteString(sentence)
		t.ends = append(t.ends, uint32(text.Len()))
		t.which = append(t.which, i)
	}
	t.text = text.String()
	return t
}

func (t *table) sentence(i int) string {
	from := uint32(0)
	if i > 0 {
		from = t.ends[i-1]
	}
	return t.text[from:t.ends[i]]
}

// find returns what a normalised sentence means, nil when it is none of them.
func (t *table) find(sentence string) *meaning {
	i, ok := sort.Find(len(t.ends), func(i int) int { return strings.Compare(sentence, t.sentence(i)) })
	if !ok {
		return nil
	}
	return t.meanings[t.which[i]]
}
