package history

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"filippo.io/age"
)

// errBadKey stands for the parser's own error, which quotes the key.
var errBadKey = errors.New("the key of the clip is damaged")

// newKey makes the key of one clip.
func newKey() (string, error) {
	id, err := age.GenerateX25519Identity()
	if err != nil {
		return "", fmt.Errorf("make a key: %w", err)
	}
	return id.String(), nil
}

// seal encrypts a clip with its key. Nothing but the sealed form ever gets to a disk.
// ref: https://age-encryption.org/v1
func seal(key string, clip []byte) ([]byte, error) {
	id, err := age.ParseX25519Identity(key)
	if err != nil {
		return nil, errBadKey
	}
	var out bytes.Buffer
	out.Grow(len(clip) + sealedExtra(len(clip)))
	w, err := age.Encrypt(&out, id.Recipient())
	if err == nil {
		_, err = w.Write(clip)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return nil, fmt.Errorf("seal clip: %w", err)
	}
	return out.Bytes(), nil
}

// sealedExtra is how many bytes longer a sealed clip is: header and nonce, and a tag for each chunk.
// ref: https://age-encryption.org/v1
func sealedExtra(clip int) int {
	const header, chunk, tag = 200 + 16, 64 << 10, 16
	return header + tag*(clip/chunk+1)
}

// unseal returns the clip in a blob. Only the parts that are read are decrypted, in pieces of 64 KiB.
func unseal(key string, b Blob) (*io.SectionReader, error) {
	id, err := age.ParseX25519Identity(key)
	if err != nil {
		return nil, errBadKey
	}
	r, size, err := age.DecryptReaderAt(b, b.Size(), id)
	if err != nil {
		return nil, fmt.Errorf("open clip: %w", err)
	}
	return io.NewSectionReader(r, 0, size), nil
}
