package history

import (
	"archive/zip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// Exported says what an export holds.
type Exported struct {
	Entries int64
	Clips   int64
	Bytes   int64 // of the audio
}

// exportLine is one entry in an export's list.
type exportLine struct {
	ID         string      `json:"id"`
	Satellite  string      `json:"satellite"`
	Area       string      `json:"area,omitempty"`
	At         time.Time   `json:"at"`
	Zone       string      `json:"zone"`
	Seconds    float64     `json:"seconds"`
	WakeWord   string      `json:"wake_word"`
	Score      float64     `json:"score"`
	Threshold  float64     `json:"threshold"`
	Outcome    Outcome     `json:"outcome"`
	Transcript string      `json:"transcript,omitempty"`
	Language   string      `json:"language,omitempty"`
	Reply      string      `json:"reply,omitempty"`
	Intent     string      `json:"intent,omitempty"`
	Error      *EntryError `json:"error,omitempty"`
	Kept       bool        `json:"kept"`
	Label      Label       `json:"label,omitempty"`
	Shared     bool        `json:"shared"`
	Audio      string      `json:"audio,omitempty"` // name in the archive
}

// Export writes what a filter covers as a ZIP archive: entries.jsonl, an object in each line, and the audio as FLAC files. It is streamed: no
// more than one recording is in memory. What is deleted meanwhile is left out where it has not been written yet. by is who asked.
func (h *History) Export(ctx context.Context, by string, f Filter, to io.Writer) (Exported, error) {
	var done Exported
	err := h.export(ctx, f, to, &done)
	note := h.Note(context.WithoutCancel(ctx), Access{Who: by, Action: AccessExported, Entries: done.Entries, Stored: done.Bytes})
	if err = errors.Join(err, note); err != nil {
		return done, fmt.Errorf("export: %w", err)
	}
	return done, nil
}

func (h *History) export(ctx context.Context, f Filter, to io.Writer, done *Exported) error {
	archive := zip.NewWriter(to)
	lines, err := archive.Create("entries.jsonl")
	if err != nil {
		return err
	}
	list := json.NewEncoder(lines)
	err = h.each(ctx, f, func(e Entry) error {
		done.Entries++
		return list.Encode(h.exportLine(e))
	})
	if err != nil {
		return err
	}
	err = h.each(ctx, f, func(e Entry) error {
		if e.Clip == nil {
			return nil
		}
		n, err := h.exportClip(ctx, archive, e)
		if errors.Is(err, ErrNotFound) {
			return nil // deleted since
		}
		done.Clips++
		done.Bytes += n
		return err
	})
	return errors.Join(err, archive.Close())
}

func (h *History) exportLine(e Entry) exportLine {
	line := exportLine{
		ID: e.ID, Satellite: e.Satellite, Area: e.Area, At: e.At, Zone: e.Zone, Seconds: e.Duration.Seconds(), WakeWord: e.WakeWord,
		Score: e.Score, Threshold: e.Threshold, Outcome: e.Outcome, Transcript: e.Transcript, Language: e.Language, Reply: e.Reply,
		Intent: e.Intent, Error: e.Error, Kept: e.Kept, Label: e.Label, Shared: e.Shared,
	}
	if e.Clip != nil {
		line.Audio = exportName(e)
	}
	return line
}

// exportName holds no words of the recording.
func exportName(e Entry) string {
	return "audio/" + e.At.UTC().Format("20060102-150405") + "-" + e.ID + ".flac"
}

func (h *History) exportClip(ctx context.Context, archive *zip.Writer, e Entry) (int64, error) {
	clip, _, err := h.OpenClip(ctx, e.ID)
	if err != nil {
		return 0, err
	}
	defer clip.Close()
	// FLAC does not get smaller by being packed again.
	w, err := archive.CreateHeader(&zip.FileHeader{Name: exportName(e), Method: zip.Store, Modified: e.At})
	if err != nil {
		return 0, err
	}
	return io.Copy(w, clip)
}

// each calls fn for every entry that a filter covers, newest first. fn may use the history.
func (h *History) each(ctx context.Context, f Filter, fn func(Entry) error) error {
	for q := (Query{Filter: f, Limit: MaxLimit}); ; {
		page, err := h.main.store.List(ctx, q)
		if err != nil {
			return err
		}
		for _, e := range page.Entries {
			if err := fn(e); err != nil {
				return err
			}
		}
		if q.Cursor = page.NextCursor; q.Cursor == "" {
			return nil
		}
	}
}
