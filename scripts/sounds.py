#!/usr/bin/env python3
"""Writes the feedback sounds as WAV files into a folder: python3 scripts/sounds.py internal/speaker/sounds

listening rises by a fourth, like a question; done falls back, like a full stop; error is low, twice the same.
"""
import math
import struct
import sys
import wave

RATE = 48000  # Hz, which nearly every sound card has
PEAK = 3276  # -20 dBFS
ATTACK = 0.008  # s until a tone is loud: clear, and without a click

# The tones of each sound: Hz, seconds after the beginning, seconds.
SOUNDS = {
    "listening": [(659.26, 0, 0.10), (880, 0.07, 0.13)],
    "done": [(880, 0, 0.10), (659.26, 0.07, 0.13)],
    "error": [(220, 0, 0.14), (329.63, 0, 0.14), (220, 0.17, 0.18), (329.63, 0.17, 0.18)],
}


def level(t, length):
    """A tone becomes loud and then quiet along halves of a cosine."""
    if t < ATTACK:
        return (1 - math.cos(math.pi * t / ATTACK)) / 2
    return (1 + math.cos(math.pi * (t - ATTACK) / (length - ATTACK))) / 2


def samples(tones):
    mixed = [0.0] * round(max(at + length for _, at, length in tones) * RATE)
    for hz, at, length in tones:
        first = int(at * RATE)
        for i in range(first, min(len(mixed), first + int(length * RATE))):
            t = (i - first) / RATE
            mixed[i] += level(t, length) * math.sin(2 * math.pi * hz * t)
    peak = max(map(abs, mixed))
    return [round(v / peak * PEAK) for v in mixed]


for name, tones in SOUNDS.items():
    pcm = samples(tones)
    with wave.open(f"{sys.argv[1]}/{name}.wav", "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes(struct.pack(f"<{len(pcm)}h", *pcm))
