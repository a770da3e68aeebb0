#!/usr/bin/env python3
"""Writes the feedback sounds as WAV files into a folder: python3 scripts/sounds.py internal/speaker/sounds

listening rises by a fourth, like a question; done falls back, like a full stop; error is low, twice the same.
The integration has one more: python3 scripts/sounds.py custom_components/earshot/sounds timer

timer is louder, as it has to be heard in the next room.
"""
import math
import struct
import sys
import wave

RATE = 48000  # Hz, which nearly every sound card has
PEAK = 3276  # -20 dBFS
TIMER_RATE = 16000
TIMER_PEAK = 10362  # -10 dBFS
ATTACK = 0.008  # s until a tone is loud: clear, and without a click

# The tones of each sound: Hz, seconds after the beginning, seconds.
SOUNDS = {
    "listening": [(659.26, 0, 0.10), (880, 0.07, 0.13)],
    "done": [(880, 0, 0.10), (659.26, 0.07, 0.13)],
    "error": [(220, 0, 0.14), (329.63, 0, 0.14), (220, 0.17, 0.18), (329.63, 0.17, 0.18)],
}
# Three times two strokes, and a breath.
TIMER = {"timer": [(hz, at + stroke, 0.3) for at in (0, 0.9, 1.8) for stroke in (0, 0.3) for hz in (1046.5, 1568)]}


def level(t, length):
    """A tone becomes loud and then quiet along halves of a cosine."""
    if t < ATTACK:
        return (1 - math.cos(math.pi * t / ATTACK)) / 2
    return (1 + math.cos(math.pi * (t - ATTACK) / (length - ATTACK))) / 2


def samples(tones, rate, loudest):
    mixed = [0.0] * round(max(at + length for _, at, length in tones) * rate)
    for hz, at, length in tones:
        first = int(at * rate)
        for i in range(first, min(len(mixed), first + int(length * rate))):
            t = (i - first) / rate
            mixed[i] += level(t, length) * math.sin(2 * math.pi * hz * t)
    peak = max(map(abs, mixed))
    return [round(v / peak * loudest) for v in mixed]


sounds, rate, loudest = (TIMER, TIMER_RATE, TIMER_PEAK) if sys.argv[2:] == ["timer"] else (SOUNDS, RATE, PEAK)
for name, tones in sounds.items():
    pcm = samples(tones, rate, loudest)
    with wave.open(f"{sys.argv[1]}/{name}.wav", "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(struct.pack(f"<{len(pcm)}h", *pcm))
