"""Measure whole programs while they listen: processor, memory, and how long it takes until they do.

Usage: python3 bench/process.py [--earshot bin/earshot] [--models models] [--minutes 3] [--starts 10] [--heads .lab/heads] [--lva FOLDER]

A private PulseAudio plays half silence, half talk (no wake word) to everybody at the same time; Earshot listens to it for two words, with a mosquitto
broker of its own, once as `make models` leaves it, and once with openWakeWord models of the same words (--heads) that look again. FOLDER is a checkout of
linux-voice-assistant 1.1.15 with a virtual environment in FOLDER/.venv that has it (`pip install .`; it needs libmpv2, too): it listens for the same two
words with the stop word it always has, and a client of ESPHome's protocol is connected as Home Assistant would be. It needs pulseaudio, mosquitto and pactl.
"""

import argparse
import json
import os
import pathlib
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import wave

from wake_cpu import RATE, ROOT

WORDS = ["okay_nabu", "alexa"]
TICK = os.sysconf("SC_CLK_TCK")

# Home Assistant's part of ESPHome's protocol, as far as a satellite that only listens needs it.
CLIENT = """
import asyncio, sys
from aioesphomeapi import APIClient
async def nothing(*args): return None
async def main():
    client = APIClient("127.0.0.1", int(sys.argv[1]), None)
    while True:
        try:
            await client.connect(login=True)
            break
        except Exception:
            await asyncio.sleep(0.2)
    await client.device_info()
    client.subscribe_voice_assistant(handle_start=nothing, handle_stop=nothing, handle_audio=nothing)
    print("connected", flush=True)
    await asyncio.Event().wait()
asyncio.run(main())
"""


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def until(what: str, condition, seconds: float = 60) -> None:
    """Wait for a condition, asking every two milliseconds."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            sys.exit(f"process: waited for {seconds:.0f} s in vain: {what}")
        time.sleep(0.002)


def write_room(path: pathlib.Path, seconds: float) -> None:
    """Write half silence, half talk, in turns of ten seconds."""
    with wave.open(str(ROOT / "detector" / "testdata" / "wav" / "speech.wav"), "rb") as f:
        talk = f.readframes(f.getnframes())
    turn = 10 * RATE * 2
    piece = (talk * (turn // len(talk) + 1))[:turn] + bytes(turn)
    with wave.open(str(path), "wb") as f:
        f.setnchannels(1)
        f.setsampwidth(2)
        f.setframerate(RATE)
        for _ in range(int(seconds / 20) + 1):
            f.writeframes(piece)


class Room:
    """A private PulseAudio and a private broker, with everything that was started in them."""

    def __init__(self, folder: pathlib.Path, seconds: float):
        self.folder, self.started = folder, []
        self.broker = free_port()
        self.env = os.environ | {"PULSE_SERVER": f"unix:{folder}/pulse.sock", "HOME": str(folder), "XDG_RUNTIME_DIR": str(folder), "PULSE_SOURCE": "room.monitor"}
        self.run("pulseaudio", ["pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no", "--disallow-exit=yes",
                                "-L", f"module-native-protocol-unix socket={folder}/pulse.sock auth-anonymous=1", "-L", "module-null-sink sink_name=room rate=16000 channels=1",
                                "-L", "module-null-sink sink_name=out"])
        until("PulseAudio", lambda: self.pactl("info") != "")
        self.pactl("set-default-sink", "out")
        self.pactl("set-default-source", "room.monitor")
        write_room(folder / "room.wav", seconds)
        (folder / "mosquitto.conf").write_text(f"listener {self.broker} 127.0.0.1\nallow_anonymous true\n")
        self.run("mosquitto", ["mosquitto", "-c", str(folder / "mosquitto.conf")])

    def run(self, name: str, command: list[str], **options) -> subprocess.Popen:
        """Start a program; what it prints goes into a file."""
        with open(self.folder / f"{name}.log", "ab") as log:
            child = subprocess.Popen(command, env=self.env, stdout=log, stderr=log, **options)
        self.started.append(child)
        return child

    def play(self, milliseconds: int) -> subprocess.Popen:
        """Play the recording; the sink works in blocks of about so many milliseconds, for which a new listener waits."""
        player = self.run("room", ["paplay", f"--latency-msec={milliseconds}", "--device=room", str(self.folder / "room.wav")])
        until("the recording is played", lambda: "RUNNING" in self.pactl("list", "short", "sinks"))
        return player

    def pactl(self, *args: str) -> str:
        return subprocess.run(["pactl", *args], env=self.env, capture_output=True, text=True).stdout

    def listeners(self) -> int:
        """How many programs read the microphone."""
        return len(self.pactl("list", "short", "source-outputs").splitlines())

    def end(self) -> None:
        for child in reversed(self.started):
            if child.poll() is None:
                child.send_signal(signal.SIGTERM)
                try:
                    child.wait(10)
                except subprocess.TimeoutExpired:
                    child.kill()
                    child.wait()


def used(pid: int) -> float:
    """The CPU seconds of a process and of the children it has had and has."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    total = sum(int(n) for n in fields[11:15]) / TICK
    for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        total += used(int(child))
    return total


def memory(pid: int) -> tuple[float, float]:
    """Resident memory, and the part of it that is not a file on disk, in MB (10^6 bytes)."""
    lines = dict(line.split(":", 1) for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines())
    megabytes = lambda key: int(lines[key].split()[0]) * 1024 / 1e6
    return megabytes("VmRSS"), megabytes("RssAnon")


def with_heads(room: Room, args: argparse.Namespace) -> pathlib.Path:
    """Make a folder of models in which the words have an openWakeWord model, too."""
    here, there = room.folder / "models", (ROOT / args.models).resolve()
    speech = here / "openwakeword"
    speech.mkdir(parents=True)
    for path in there.iterdir():
        if path.is_file():
            shutil.copy(path, here)
    for path in [*there.glob("openwakeword/embedding_model.*"), *((ROOT / args.heads).resolve() / f"{word}.tflite" for word in WORDS)]:
        shutil.copy(path, speech)
    return here


def earshot(room: Room, args: argparse.Namespace, name: str, models: pathlib.Path) -> tuple[subprocess.Popen, float]:
    """Start Earshot, and return how many seconds later its microphone delivered sound."""
    port = free_port()
    config = room.folder / f"{name}.yaml"
    config.write_text(f"""satellites:
  - {{id: {name}, wake_words: [{", ".join(WORDS)}], microphone: {{driver: pulse}}}}
models: {{dir: {models}}}
mqtt: {{url: "mqtt://127.0.0.1:{room.broker}", bridge_id: {name}_bridge}}
history: {{dir: {room.folder / name}}}
server: {{listen: "127.0.0.1:{port}"}}
""")
    began = time.monotonic()
    child = room.run(name, [str((ROOT / args.earshot).resolve()), "run", "--config", str(config)])

    def listens() -> bool:
        try:
            return urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=1).status == 200
        except (urllib.error.URLError, ConnectionError):
            return False

    until(f"{name} listens, see {name}.log", listens)
    return child, time.monotonic() - began


def starts(room: Room, args: argparse.Namespace) -> list[float]:
    """Start and stop Earshot so many times, at a source that is as quick as a sound card's."""
    seconds, player = [], room.play(20)
    time.sleep(3)  # the first block is a long one
    for _ in range(args.starts):
        child, took = earshot(room, args, "start", ROOT / args.models)
        seconds.append(took)
        child.terminate()
        child.wait()
    player.terminate()
    player.wait()
    return seconds


def voice_assistant(room: Room, lva: pathlib.Path) -> tuple[subprocess.Popen, float]:
    """Start linux-voice-assistant, with a client, and return how many seconds later it had opened the microphone."""
    python = str(lva / ".venv" / "bin" / "python")
    preferences = room.folder / "preferences.json"
    preferences.write_text(json.dumps({"active_wake_words": WORDS}))
    port, before, began = str(free_port()), room.listeners(), time.monotonic()
    child = room.run("lva", [python, "-m", "linux_voice_assistant", "--name", "bench", "--host", "127.0.0.1", "--port", port, "--peripheral-host", "127.0.0.1",
                             "--wake-word-dir", str(lva / "wakewords"), "--preferences-file", str(preferences), "--download-dir", str(room.folder / "local"),
                             *(f"--{name}-sound={lva / 'sounds' / file}" for name, file in
                               (("wakeup", "wake_word_triggered.flac"), ("processing", "processing.wav"), ("timer-finished", "timer_finished.flac")))], cwd=lva)
    until("linux-voice-assistant opens the microphone, see lva.log", lambda: room.listeners() > before)
    took = time.monotonic() - began
    room.run("client", [python, "-c", CLIENT, port])
    until("the client of linux-voice-assistant", lambda: "connected" in (room.folder / "client.log").read_text())
    return child, took


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--earshot", default="bin/earshot")
    parser.add_argument("--models", default="models")
    parser.add_argument("--minutes", type=float, default=3)
    parser.add_argument("--starts", type=int, default=10)
    parser.add_argument("--heads", default=".lab/heads")
    parser.add_argument("--lva", type=pathlib.Path)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        room = Room(pathlib.Path(name), args.minutes * 60 + 120)
        try:
            took = starts(room, args)
            if took:
                print(f"start to listening: median {statistics.median(took):.2f} s, at most {max(took):.2f} s of {len(took)}", flush=True)
            room.play(400)
            sides = {
                "earshot": earshot(room, args, "once", ROOT / args.models)[0],
                "earshot with second looks": earshot(room, args, "twice", with_heads(room, args))[0],
            }
            if args.lva:
                sides["linux-voice-assistant"], took = voice_assistant(room, args.lva.resolve())
                print(f"linux-voice-assistant had its microphone open after {took:.2f} s (one start)", flush=True)
            time.sleep(20)  # what starting costs is not counted
            before = {side: used(child.pid) for side, child in sides.items()}
            began = time.monotonic()
            peak = {side: (0.0, 0.0) for side in sides}
            while time.monotonic() - began < args.minutes * 60:
                time.sleep(5)
                for side, child in sides.items():
                    if child.poll() is not None:
                        sys.exit(f"process: {side} ended with {child.returncode}")
                    peak[side] = max(peak[side], memory(child.pid))
            took = time.monotonic() - began
            for side, child in sides.items():
                print(f"{side}: {100 * (used(child.pid) - before[side]) / took:.2f} % of a core, "
                      f"{peak[side][0]:.1f} MB resident, {peak[side][1]:.1f} MB of it not files", flush=True)
        except BaseException:
            for log in sorted(room.folder.glob("*.log")):
                print(f"--- {log.name}\n{log.read_text(errors='replace')[-2000:]}", file=sys.stderr)
            raise
        finally:
            room.end()


main()
