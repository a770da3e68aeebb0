"""Compare the CPU time of `earshot detect` with that of pymicro_wakeword on the same recording.

Usage: python3 bench/wake_cpu.py [--earshot bin/earshot] [--models models] [--model alexa] [--minutes 10] [--rounds 5] [--want 2.4]

Both sides run in turns, each time as a new process. What a process costs before it hears anything is measured with a recording of half
a second and taken off. Exits with 1 when earshot does not take `--want` times less.
"""

import argparse
import importlib.util
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import venv
import wave

ROOT = pathlib.Path(__file__).resolve().parent.parent
RATE = 16000

# What the other side does: the library as its own command line uses it, 80 ms at a time, without stopping at the first word.
PEER = """
import sys, wave
from pymicro_wakeword import MicroWakeWord, MicroWakeWordFeatures, Model
word, features = MicroWakeWord.from_builtin(Model(sys.argv[1])), MicroWakeWordFeatures()
heard, now, latest = 0, 0, -100  # in features of 10 ms: it fires for every inference of a word
with wave.open(sys.argv[2], "rb") as f:
    while chunk := f.readframes(1280):
        for feature in features.process_streaming(chunk):
            now += 1
            if word.process_streaming(feature):
                heard += now - latest >= 100
                latest = now
print(heard)
"""


def run(command: list[str]) -> tuple[float, str]:
    """Return the CPU seconds and the output of a child process."""
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    output = child.stdout.read()
    child.stdout.close()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        sys.exit(f"wake_cpu: {' '.join(command)} ended with {child.returncode}")
    return usage.ru_utime + usage.ru_stime, output


def peer_python(folder: pathlib.Path) -> str:
    """Return a Python that has pymicro_wakeword: this one, or a new environment."""
    if importlib.util.find_spec("pymicro_wakeword"):
        return sys.executable
    print("wake_cpu: installing pymicro-wakeword into a temporary environment", flush=True)
    venv.create(folder / "venv", with_pip=True)
    python = str(folder / "venv" / "bin" / "python")
    subprocess.run([python, "-m", "pip", "install", "--quiet", "pymicro-wakeword==2.5.0"], check=True)
    return python


def write_wav(path: pathlib.Path, seconds: float) -> None:
    """Write the recordings of the tests, one after the other, until the length is reached."""
    parts = []
    for source in sorted((ROOT / "detector" / "testdata" / "wav").glob("*.wav")):
        with wave.open(str(source), "rb") as f:
            parts.append(f.readframes(f.getnframes()))
    once = b"".join(parts)
    size = int(seconds * RATE) * 2
    with wave.open(str(path), "wb") as f:
        f.setnchannels(1)
        f.setsampwidth(2)
        f.setframerate(RATE)
        f.writeframes((once * (size // len(once) + 1))[:size])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--earshot", default="bin/earshot")
    parser.add_argument("--models", default="models")
    parser.add_argument("--model", default="alexa")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--want", type=float, default=2.4)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        short, long = folder / "short.wav", folder / "long.wav"
        write_wav(short, 0.5)
        write_wav(long, args.minutes * 60)
        earshot = [str((ROOT / args.earshot).resolve()), "detect", "--json", "--models", args.models, "--model", args.model]
        peer = [peer_python(folder), "-c", PEER, args.model]
        ours, theirs, heard = [], [], ("", "")
        for side in (earshot, peer):
            run(side + [str(short)])  # fills the caches
        for i in range(args.rounds):
            costs, outputs = [], []
            for side in (earshot, peer):
                start, _ = run(side + [str(short)])
                total, output = run(side + [str(long)])
                costs.append((total - start) / (args.minutes * 60 - 0.5) * 1e6)
                outputs.append(output)
            ours.append(costs[0])
            theirs.append(costs[1])
            heard = (str(len(outputs[0].splitlines())), outputs[1].strip())
            print(f"round {i + 1}: earshot {costs[0]:.0f}, pymicro_wakeword {costs[1]:.0f} us of CPU per second of audio", flush=True)
    ratio = statistics.median(theirs) / statistics.median(ours)
    print(f"{args.model}: earshot heard {heard[0]}, pymicro_wakeword {heard[1]}")
    print(f"median: earshot {statistics.median(ours):.0f}, pymicro_wakeword {statistics.median(theirs):.0f} us; ratio {ratio:.2f}")
    if ratio < args.want:
        sys.exit(f"wake_cpu: {ratio:.2f} is under {args.want}")


if __name__ == "__main__":
    main()
