"""Write vectors.json.gz: what ONNX Runtime says to each chunk of our recordings and of a full-scale noise.

Usage: python3 gen_vectors.py silero_vad_16k_op15.onnx   (needs onnxruntime and numpy; made with onnxruntime 1.32.0)
"""

import gzip
import json
import pathlib
import sys
import wave

import numpy as np
import onnxruntime

HERE = pathlib.Path(__file__).resolve().parent
AUDIO = HERE.parents[2] / "testdata" / "audio"
CLIPS = ["alexa_light_on.wav", "okay_nabu_delete_week.wav", "okay_nabu_silence.wav"]
CHUNK, CONTEXT = 512, 64


def noise(chunks: int) -> np.ndarray:
    """Return full-scale noise that the test makes in the same way, then the loudest square wave there is."""
    out, x = [], 1
    for i in range(chunks * CHUNK):
        x = (x * 1664525 + 1013904223) % 2**32
        out.append((x >> 16) - 32768 if i < chunks * CHUNK // 2 else (-32768 if i & 16 else 32767))
    return np.array(out, np.int16)


def probabilities(session: onnxruntime.InferenceSession, pcm: np.ndarray) -> list[float]:
    state, context = np.zeros((2, 1, 128), np.float32), np.zeros(CONTEXT, np.float32)
    out = []
    for i in range(0, len(pcm) - CHUNK + 1, CHUNK):
        chunk = pcm[i : i + CHUNK].astype(np.float32) / 32768
        feed = {"input": np.concatenate([context, chunk])[None], "state": state, "sr": np.array(16000, np.int64)}
        probability, state = session.run(None, feed)
        out.append(round(float(probability[0, 0]), 7))
        context = chunk[-CONTEXT:]
    return out


def main() -> None:
    session = onnxruntime.InferenceSession(sys.argv[1])
    vectors = {"noise": probabilities(session, noise(64))}
    for name in CLIPS:
        with wave.open(str(AUDIO / name)) as clip:
            vectors[name] = probabilities(session, np.frombuffer(clip.readframes(clip.getnframes()), "<i2"))
    with open(HERE / "vectors.json.gz", "wb") as raw, gzip.GzipFile("", "wb", fileobj=raw, mtime=0) as out:
        out.write(json.dumps(vectors).encode())


main()
