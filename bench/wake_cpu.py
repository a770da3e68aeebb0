"""Compare the CPU time of `earshot detect` with that of pymicro_wakeword, and of the C libraries it is made of, on the same recording.

Usage: python3 bench/wake_cpu.py [--earshot bin/earshot] [--models models] [--model alexa] [--minutes 10] [--rounds 5] [--want 3] [--want-c 1.3]

All sides run in turns, each time as a new process. What a process costs before it hears anything is measured with a recording of half
a second and taken off. Exits with 1 when earshot does not take `--want` times less than Python and `--want-c` times less than C (bench/peer.cc,
for which g++ is needed).
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tarfile
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


def peers(folder: pathlib.Path, model: str) -> tuple[list[str], list[str]]:
    """Install pymicro_wakeword, and compile the same parts without Python; return the commands, which lack the recording."""
    print("wake_cpu: installing pymicro-wakeword into a temporary environment", flush=True)
    venv.create(folder / "venv", with_pip=True)
    python = str(folder / "venv" / "bin" / "python")
    pip = [python, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "install", "pymicro-wakeword==2.5.0", "pymicro-features==2.0.2"], check=True)
    subprocess.run([*pip, "download", "--no-deps", "--no-binary", ":all:", "-d", str(folder), "pymicro-features==2.0.2"], check=True)
    with tarfile.open(folder / "pymicro_features-2.0.2.tar.gz") as archive:
        archive.extractall(folder, filter="data")
    source = folder / "pymicro_features-2.0.2"
    frontend = source / "tensorflow/lite/experimental/microfrontend/lib"
    parts = [p for p in frontend.glob("*.cc") if not p.stem.endswith(("_test", "_main", "_io", "_generator"))]
    parts += [source / "kissfft/kiss_fft.cc", source / "kissfft/tools/kiss_fftr.cc"]
    program = str(folder / "peer")
    subprocess.run(["g++", "-O3", "-DFIXED_POINT=16", f"-I{source}", f"-I{source}/kissfft", "-o", program,
                    str(ROOT / "bench" / "peer.cc"), *map(str, parts), "-ldl"], check=True)
    package = next((folder / "venv").glob("lib/python3*/site-packages/pymicro_wakeword"))
    settings = json.loads((package / "models" / f"{model}.json").read_text())["micro"]
    c = [program, str(package / "lib" / "libtensorflowlite_c.so"), str(package / "models" / f"{model}.tflite"),
         str(settings["probability_cutoff"]), str(settings["sliding_window_size"])]
    return c, [python, "-c", PEER, model]


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
    parser.add_argument("--want", type=float, default=3)
    parser.add_argument("--want-c", type=float, default=1.3)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        short, long = folder / "short.wav", folder / "long.wav"
        write_wav(short, 0.5)
        write_wav(long, args.minutes * 60)
        c, python = peers(folder, args.model)
        sides = {
            "earshot": [str((ROOT / args.earshot).resolve()), "detect", "--json", "--models", args.models, "--model", args.model],
            "C libraries": c,
            "pymicro_wakeword": python,
        }
        costs: dict[str, list[float]] = {side: [] for side in sides}  # us of CPU for a second of audio
        heard = {}
        for command in sides.values():
            run(command + [str(short)])  # fills the caches
        for i in range(args.rounds):
            for side, command in sides.items():
                start, _ = run(command + [str(short)])
                total, output = run(command + [str(long)])
                costs[side].append((total - start) / (args.minutes * 60 - 0.5) * 1e6)
                heard[side] = len(output.splitlines()) if side == "earshot" else int(output)
            print(f"round {i + 1}: " + ", ".join(f"{side} {cost[-1]:.0f}" for side, cost in costs.items()) + " us of CPU per second of audio", flush=True)
    medians = {side: statistics.median(cost) for side, cost in costs.items()}
    for side, median in medians.items():
        print(f"{args.model}: {side} heard it {heard[side]} times, median {median:.0f} us, {median / medians['earshot']:.2f} x earshot")
    for side, want in (("pymicro_wakeword", args.want), ("C libraries", args.want_c)):
        if medians[side] / medians["earshot"] < want:
            sys.exit(f"wake_cpu: {side} is under {want} x earshot")


if __name__ == "__main__":
    main()
