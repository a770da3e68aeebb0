package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"path/filepath"
	"strings"

	"earshot/detector/openwakeword"
	"earshot/detector/ownword"
	"earshot/detector/ownword/mix"
	"earshot/internal/audio"
)

// playBank has an audience hear what comes with the program: speech and music without any wake word, of which only the embeddings are there.
func (m *wakeModels) playBank(ctx context.Context, _ string, to *audience) error {
	if len(to.listeners) == 0 {
		return nil
	}
	bank, err := ownword.Negatives()
	if err != nil {
		return err
	}
	if m.network.Sum() != bank.Network {
		return fmt.Errorf("the network %s is not the one that the speech was heard with; fetch it with `make models`", embeddingFile)
	}
	first := 0
	for _, r := range bank.Recordings() {
		from := first
		to.embed(r.Frames, func(frame int, e *openwakeword.Embedding) { bank.Embedding(from+frame, e) })
		first += r.Frames
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	return nil
}

// What is made up: a piece of each kind of noise, one after the other.
const (
	madePieces = 40
	madePiece  = 30 * mix.Rate
)

// playMadeUp has an audience hear what no recordings are needed for: noise, music, and voices backwards and at other speeds. It is the same every time.
func playMadeUp(ctx context.Context, _ string, to *audience) error {
	if len(to.listeners) == 0 {
		return nil
	}
	said, err := audio.ReadWAV(bytes.NewReader(demoRecording))
	if err != nil {
		return err
	}
	r := rand.New(rand.NewPCG(1, 2))
	for i := range madePieces {
		x := mix.Noise(r, mix.Kind(i%int(mix.Kinds)), madePiece, [][]float32{mix.Floats(said)})
		mix.Peak(x, 0.03+0.5*r.Float64())
		to.begin()
		to.hear(mix.PCM(x))
		to.end()
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	return nil
}

// playFolder has an audience hear every WAV file of a folder and the folders in it.
func playFolder(ctx context.Context, dir string, to *audience) error {
	files := 0
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || !strings.EqualFold(filepath.Ext(path), ".wav") {
			return err
		}
		files++
		return playFile(ctx, path, to)
	})
	if err == nil && files == 0 {
		err = fmt.Errorf("there is no WAV file in %s", dir)
	}
	return err
}

func playFile(ctx context.Context, path string, to *audience) error {
	in, err := audio.OpenFile(path, 0)
	if err != nil {
		return err
	}
	defer in.Close()
	to.begin()
	pcm := make([]int16, 8192)
	for ctx.Err() == nil {
		n, err := in.Read(pcm)
		to.hear(pcm[:n])
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("read %s: %w", path, err)
		}
	}
	to.end()
	return ctx.Err()
}

// playHousehold has an audience hear the newest recordings of a bridge that were marked as a mistake, or in which nobody spoke to the assistant. The
// access log of the bridge says that they were played.
func playHousehold(ctx context.Context, file string, to *audience) error {
	cfg, err := loadConfig(file)
	if err != nil {
		return err
	}
	c, err := openClient(ctx, cfg)
	if err != nil {
		return err
	}
	defer c.Close()
	seen := map[string]bool{}
	for _, filter := range []map[string]any{{"label": "mistake"}, {"outcome": "not_intended"}} {
		filter["limit"] = maxPage
		var page struct {
			Entries []struct {
				ID    string    `json:"id"`
				Label string    `json:"label"`
				Clip  *struct{} `json:"clip"`
			} `json:"entries"`
		}
		if err := c.call("history/list", filter, &page); err != nil {
			return err
		}
		for _, e := range page.Entries {
			if e.Clip == nil || seen[e.ID] || e.Label == "correct" {
				continue
			}
			seen[e.ID] = true
			if err := c.playEntry(ctx, e.ID, to); err != nil {
				return err
			}
		}
	}
	if len(seen) == 0 {
		return errors.New("there is none with audio")
	}
	return nil
}

func (c *client) playEntry(ctx context.Context, id string, to *audience) error {
	var link struct {
		URL string `json:"url"`
	}
	if err := c.call("clips/sign", map[string]any{"entry_id": id}, &link); err != nil {
		return err
	}
	body, _, err := c.fetch(ctx, link.URL+"&format=wav")
	if err != nil {
		return err
	}
	defer body.Close()
	pcm, err := audio.ReadWAV(body)
	if err != nil {
		return err
	}
	to.begin()
	to.hear(pcm)
	to.end()
	return nil
}
