package s3_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"earshot/history"
	"earshot/history/s3/s3test"
)

const (
	someID  = "01JDFXQ7Z0ABCDEFGHJKMNPQRS"
	otherID = "01JE0XQ7Z0ABCDEFGHJKMNPQRS"
)

// holding lists the files of the server that hold a marker, and those whose name does.
func holding(t *testing.T, server *s3test.Server, markers ...string) (found []string) {
	t.Helper()
	err := filepath.WalkDir(server.Dir(), func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		content := []byte(path)
		if d.Type().IsRegular() {
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			content = append(content, data...)
		}
		for _, marker := range markers {
			if bytes.Contains(content, []byte(marker)) {
				found = append(found, path)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// TestNothingRemains looks into every file of the server: a deleted clip is in none, whatever the bucket keeps of what was deleted.
func TestNothingRemains(t *testing.T) {
	for name, keep := range map[string]func(*s3test.Server){
		"no versions": func(*s3test.Server) {},
		"versions":    func(s *s3test.Server) { s.KeepVersions(bucket) },
		"suspended":   func(s *s3test.Server) { s.KeepVersions(bucket); s.StopVersions(bucket) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := start(t)
			keep(server)
			b := open(t, config(server, "house"))
			const marker, stays = "marker of a clip that goes", "marker of a clip that stays"
			for n := range 3 { // one clip, stored three times
				if err := b.Put(t.Context(), someID, fmt.Appendf(nil, "%d %s", n, marker)); err != nil {
					t.Fatal(err)
				}
			}
			if err := b.Put(t.Context(), otherID, []byte(stays)); err != nil {
				t.Fatal(err)
			}
			if found := holding(t, server, marker); len(found) == 0 {
				t.Fatal("the marker is not found while it is there")
			}
			if err := b.Delete(t.Context(), []string{someID}); err != nil {
				t.Fatal(err)
			}
			if found := holding(t, server, marker, someID); len(found) != 0 {
				t.Errorf("it is in %v", found)
			}
			if found := holding(t, server, stays); len(found) != 1 {
				t.Errorf("the other clip is in %v", found)
			}
		})
	}
}

// TestVersionsSwitchedOn deletes what was stored before the bucket began to keep versions, what was stored since, and what another program
// deleted so that only a marker shows.
func TestVersionsSwitchedOn(t *testing.T) {
	server := start(t)
	b := open(t, config(server, "house"))
	const marker = "marker of a clip that goes"
	store := func(text string) {
		t.Helper()
		for _, id := range []string{someID, otherID} {
			if err := b.Put(t.Context(), id, []byte(marker+text)); err != nil {
				t.Fatal(err)
			}
		}
	}
	store("before")
	server.KeepVersions(bucket)
	store("since")
	c, err := minio.New(strings.TrimPrefix(server.Endpoint(), "http://"), &minio.Options{Creds: credentials.NewStaticV4(server.AccessKey(), server.SecretKey(), "")})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.RemoveObject(t.Context(), bucket, "house/01JD/"+someID+".age", minio.RemoveObjectOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Open(t.Context(), someID); !errors.Is(err, history.ErrNotFound) {
		t.Errorf("behind a marker: %v, want ErrNotFound", err)
	}
	if found := holding(t, server, marker); len(found) < 4 {
		t.Errorf("it is in %v, want four versions at least", found)
	}
	if err := b.Delete(t.Context(), []string{someID, otherID}); err != nil {
		t.Fatal(err)
	}
	if found := holding(t, server, marker, someID, otherID); len(found) != 0 {
		t.Errorf("it is in %v", found)
	}
}

// TestForeignObjects neither lists nor removes what others keep in the bucket, also where it is named nearly like a clip.
func TestForeignObjects(t *testing.T) {
	server := start(t)
	b := open(t, config(server, "house"))
	c, err := minio.New(strings.TrimPrefix(server.Endpoint(), "http://"), &minio.Options{Creds: credentials.NewStaticV4(server.AccessKey(), server.SecretKey(), "")})
	if err != nil {
		t.Fatal(err)
	}
	foreign := []string{
		"01JD/" + someID + ".age", "house/" + someID + ".age", "house/01JE/" + someID + ".age", "house/01JD/" + someID + ".flac", "house/01JD/" + someID,
		"house/01JD/" + someID + ".age.bak", "house/01JD/" + strings.ToLower(someID) + ".age", "house/sub/01JD/" + someID + ".age", "house/notes.txt",
	}
	for _, key := range foreign {
		if _, err := c.PutObject(t.Context(), bucket, key, strings.NewReader("foreign"), 7, minio.PutObjectOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.List(t.Context(), func(i history.BlobInfo) error { t.Errorf("listed: %+v", i); return nil }); err != nil {
		t.Error(err)
	}
	if err := b.Put(t.Context(), someID, []byte("x")); err != nil {
		t.Fatal(err)
	}
	server.KeepVersions(bucket)
	if err := b.Delete(t.Context(), []string{someID}); err != nil {
		t.Fatal(err)
	}
	for _, key := range foreign {
		if _, err := c.StatObject(t.Context(), bucket, key, minio.StatObjectOptions{}); err != nil {
			t.Errorf("%s: %v", key, err)
		}
	}
}
