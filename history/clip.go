package history

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/mewkiz/flac"
	"github.com/mewkiz/flac/frame"
	"github.com/mewkiz/flac/meta"
)

// The form of every clip.
const (
	clipType       = "audio/flac"
	clipRate       = 16000 // Hz
	clipBits       = 16
	flacBlock      = 576            // samples in a FLAC frame; the encoder has one code for each frame, and on speech short ones fit best
	maxClipSamples = 120 * clipRate // a clip is a command of seconds; what is longer was not written by us
)

// EncodeFLAC packs 16 kHz mono audio without loss.
func EncodeFLAC(pcm []int16) ([]byte, error) {
	info := &meta.StreamInfo{
		BlockSizeMin: flacBlock, BlockSizeMax: flacBlock,
		SampleRate: clipRate, NChannels: 1, BitsPerSample: clipBits, NSamples: uint64(len(pcm)),
	}
	out := &seekBuffer{}
	enc, err := flac.NewEncoder(out, info)
	if err != nil {
		return nil, fmt.Errorf("encode clip: %w", err)
	}
	enc.EnablePredictionAnalysis(true)
	for n := uint64(0); len(pcm) > 0; n++ {
		block := pcm[:min(flacBlock, len(pcm))]
		pcm = pcm[len(block):]
		if err := enc.WriteFrame(flacFrame(block, n)); err != nil {
			return nil, fmt.Errorf("encode clip: %w", err)
		}
	}
	if err := enc.Close(); err != nil {
		return nil, fmt.Errorf("encode clip: %w", err)
	}
	// The encoder counts the last frame too, which may be shorter than the sizes given here are allowed to be.
	// ref: RFC 9639, section 8.2
	binary.BigEndian.PutUint16(out.data[8:], flacBlock)
	binary.BigEndian.PutUint16(out.data[10:], flacBlock)
	return out.data, nil
}

// flacFrame holds a block as it is; the encoder looks for the best prediction.
func flacFrame(block []int16, n uint64) *frame.Frame {
	samples := make([]int32, len(block))
	for i, v := range block {
		samples[i] = int32(v)
	}
	return &frame.Frame{
		Header: frame.Header{
			HasFixedBlockSize: true, BlockSize: uint16(len(block)), SampleRate: clipRate,
			Channels: frame.ChannelsMono, BitsPerSample: clipBits, Num: n,
		},
		Subframes: []*frame.Subframe{{
			SubHeader: frame.SubHeader{Pred: frame.PredVerbatim}, Samples: samples, NSamples: len(samples),
		}},
	}
}

// DecodeFLAC unpacks a clip: 16 kHz mono, as EncodeFLAC wrote it.
func DecodeFLAC(r io.Reader) ([]int16, error) {
	stream, err := flac.New(r)
	if err != nil {
		return nil, fmt.Errorf("decode clip: %w", err)
	}
	if i := stream.Info; i.SampleRate != clipRate || i.NChannels != 1 || i.BitsPerSample != clipBits {
		return nil, errors.New("decode clip: not 16 kHz mono with 16 bits")
	}
	var pcm []int16
	for {
		f, err := stream.ParseNext()
		if errors.Is(err, io.EOF) {
			if uint64(len(pcm)) != stream.Info.NSamples {
				return nil, fmt.Errorf("decode clip: %d samples of %d are there", len(pcm), stream.Info.NSamples)
			}
			return pcm, nil
		}
		if err != nil {
			return nil, fmt.Errorf("decode clip: %w", err)
		}
		if len(f.Subframes) != 1 || len(pcm)+len(f.Subframes[0].Samples) > maxClipSamples {
			return nil, errors.New("decode clip: not one of ours")
		}
		for _, v := range f.Subframes[0].Samples {
			pcm = append(pcm, int16(v))
		}
	}
}

// WAV puts a header before 16 kHz mono audio.
// ref: Multimedia Programming Interface and Data Specifications 1.0, "Waveform Audio File Format"
func WAV(pcm []int16) []byte {
	size := uint32(2 * len(pcm))
	out := make([]byte, 0, 44+size)
	out = append(out, "RIFF"...)
	out = binary.LittleEndian.AppendUint32(out, 36+size)
	out = append(out, "WAVEfmt "...)
	out = binary.LittleEndian.AppendUint32(out, 16)
	out = binary.LittleEndian.AppendUint16(out, 1) // PCM
	out = binary.LittleEndian.AppendUint16(out, 1) // channel
	out = binary.LittleEndian.AppendUint32(out, clipRate)
	out = binary.LittleEndian.AppendUint32(out, 2*clipRate) // bytes a second
	out = binary.LittleEndian.AppendUint16(out, 2)          // bytes a sample
	out = binary.LittleEndian.AppendUint16(out, clipBits)
	out = append(out, "data"...)
	out = binary.LittleEndian.AppendUint32(out, size)
	for _, v := range pcm {
		out = binary.LittleEndian.AppendUint16(out, uint16(v))
	}
	return out
}

// Peaks returns the largest amplitude in each of PeakCount equal parts, 0..255, or nil for no audio.
func Peaks(pcm []int16) []byte {
	if len(pcm) == 0 {
		return nil
	}
	peaks := make([]byte, PeakCount)
	for i := range peaks {
		from, to := i*len(pcm)/PeakCount, (i+1)*len(pcm)/PeakCount
		high := 0
		for _, v := range pcm[from:max(to, min(from+1, len(pcm)))] {
			high = max(high, int(v), -int(v))
		}
		peaks[i] = byte(min(high>>7, 255))
	}
	return peaks
}

// seekBuffer is a file in memory: the encoder goes back to its header at the end.
type seekBuffer struct {
	data []byte
	at   int
}

// Write writes at the present place.
func (b *seekBuffer) Write(p []byte) (int, error) {
	n := copy(b.data[b.at:], p)
	b.data = append(b.data, p[n:]...)
	b.at += len(p)
	return len(p), nil
}

// Seek moves the place; the encoder only ever counts from the start.
func (b *seekBuffer) Seek(offset int64, whence int) (int64, error) {
	if whence != io.SeekStart || offset < 0 || offset > int64(len(b.data)) {
		return 0, errors.New("seek outside of the clip")
	}
	b.at = int(offset)
	return offset, nil
}
