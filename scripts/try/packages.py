"""Try each way to install Earshot, without a container engine, and without changing this machine: make packages

Usage (as root): python3 scripts/try/packages.py [programs | container | addon | debian | compose]...

Needs Go and the Debian packages mmdebstrap, qemu-user-static and docker-compose. SUPERVISOR may name a checkout of Home Assistant's Supervisor, and
SUPERVISOR_PYTHON a Python that has what it needs: then its own code checks the add-on. BASE may name the
tar of a root file system that was made before; it is made there when it is not there.
"""

import glob
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import container

HERE = pathlib.Path(__file__).resolve().parents[2]
DEBIAN_SOURCES = "/etc/apt/sources.list.d/debian.sources"
passed = 0


def ok(what: str) -> None:
    global passed
    passed += 1
    print(f"ok: {what}", flush=True)


def check(what: str, holds: object, said: object = "") -> None:
    if not holds:
        sys.exit(f"FAILED: {what}: {said}")
    ok(what)


def run(*words: object, code: int = 0, **more: object) -> str:
    """Carry out a command that has to end with an exit code, and return what it prints."""
    done = subprocess.run([str(w) for w in words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, stdin=subprocess.DEVNULL, **more)
    if done.returncode != code:
        sys.exit(f"FAILED: {' '.join(map(str, words))}: exit code {done.returncode}, want {code}:\n{done.stdout[-3000:]}")
    return done.stdout


def eventually(what: str, holds: object, said: object = lambda: "") -> None:
    for _ in range(600):
        if holds():
            return ok(what)
        time.sleep(0.1)
    sys.exit(f"FAILED: not within a minute: {what}: {said()}")


class Trial:
    """One run, in a folder of its own."""

    def __init__(self, work: pathlib.Path) -> None:
        self.work = work
        self.version = run("git", "describe", "--tags", "--always", "--dirty", cwd=HERE).strip()

    def base(self) -> pathlib.Path:
        """Make a root file system of this machine's Debian, which stands for the base images."""
        tar = pathlib.Path(os.environ.get("BASE", self.work / "base.tar"))
        if not tar.exists():
            name = re.search(r"VERSION_CODENAME=(\w+)", pathlib.Path("/etc/os-release").read_text()).group(1)
            run("mmdebstrap", "--variant=apt", "--include=ca-certificates", name, tar, DEBIAN_SOURCES)
        return tar

    def dist(self) -> None:
        if not (HERE / "dist/SHA256SUMS").exists():
            run("scripts/dist.sh", self.version, cwd=HERE)
        run("sha256sum", "--check", "--quiet", "SHA256SUMS", cwd=HERE / "dist")

    def programs(self) -> None:
        """The programs of all three machines hear the same."""
        self.dist()
        ok("the checksums of the programs")
        run("python3", "scripts/models.py", self.work / "models", cwd=HERE)
        wavs = sorted(glob.glob("detector/testdata/wav/*.wav", root_dir=HERE)) + ["cmd/earshot/demo.wav"]
        heard = {}
        for arch, emulator in {"amd64": [], "arm64": ["qemu-aarch64-static"], "armv7": ["qemu-arm-static"]}.items():
            words = [*emulator, f"dist/earshot-linux-{arch}", "detect", "--json", "--models", self.work / "models", "--model", "okay_nabu", "--model", "alexa"]
            heard[arch] = run(*words, *wavs, cwd=HERE)
        check("amd64 hears the test words", '"okay_nabu"' in heard["amd64"] and '"alexa"' in heard["amd64"], heard["amd64"])
        for arch in ("arm64", "armv7"):
            check(f"{arch} hears in {len(wavs)} recordings the same, to the last digit", heard[arch] == heard["amd64"], heard[arch])

    def image(self, name: str, dockerfile: str, context: object, *args: str) -> pathlib.Path:
        folder = self.work / name
        run(sys.executable, HERE / "scripts/try/image.py", HERE / dockerfile, context, self.base(), folder, *args)
        shutil.rmtree(folder / "build")
        ok(f"the steps of {dockerfile}")
        return folder

    def container(self) -> None:
        """The image runs as compose.yaml has it."""
        folder = self.image("docker", "Dockerfile", HERE, "TARGETOS=linux", "TARGETARCH=amd64", f"VERSION={self.version}")
        says = json.loads((folder / "image.json").read_text())
        check("the image's user is not root", says["User"] == "earshot" and says["Volumes"] == ["/data"], says)
        data = self.work / "data"
        data.mkdir(mode=0o700)
        os.chown(data, 900, 900)
        shutil.copy(HERE / "detector/testdata/wav/silence.wav", data)

        def configure(microphone: str) -> None:
            text = f"satellites: [{{id: kitchen, microphone: {{{microphone}}}}}]\nmqtt: {{embedded: false}}\nserver: {{listen: '0.0.0.0:8127'}}\n"
            (data / "config.yaml").write_text(text)

        box = container.Container(folder / "image", data, 900)
        start = [*says["Entrypoint"], *says["Cmd"]]
        log = self.work / "container.log"

        def health() -> int:
            return box.do(*says["Healthcheck"])[0]

        try:
            configure("driver: file, device: /data/silence.wav, loop: true")
            check("the health check fails while nothing runs", health() == 1)
            program = box.start(log, *start)
            eventually("the health check finds a container that hears", lambda: health() == 0, log.read_text)
            check("version", self.version in box.do("earshot", "version")[1])
            owned = {(p.stat().st_uid, p.stat().st_mode & 0o777) for p in (data / "models").rglob("*") if p.is_file()}
            check("the models lie where others may be added", owned == {(900, 0o600)}, owned)
            check("nothing else can be written", box.do("touch", "/usr/share/earshot/models/x")[0] != 0 and box.do("touch", "/x")[0] != 0)
            shipped = folder / "image/usr/share/earshot/models"
            (data / "in").mkdir()
            (data / "in/other.json").write_text((shipped / "alexa.json").read_text().replace("alexa.tflite", "other.tflite"))
            shutil.copy(shipped / "alexa.tflite", data / "in/other.tflite")
            code, said = box.do("earshot", "models", "add", "/data/in/other.json")
            check("a model is added", code == 0 and (data / "models/other.tflite").exists(), said)
            program.send_signal(signal.SIGTERM)  # which nsenter does not pass on
            box.do("sh", "-c", "kill $(pidof earshot)")
            program.wait(30)
            configure("driver: alsa, device: 'hw:9'")
            program = box.start(log, *start)
            eventually("one that is deaf answers", lambda: "earshot is running" in log.read_text(), log.read_text)
            eventually("the health check notices that it is deaf", lambda: "not well" in box.do(*says["Healthcheck"])[1])
            check("with an exit code", health() == 1)
        finally:
            box.close()

    def addon(self) -> None:
        """The add-on is built from the folder that `make addon` makes, and starts with a Supervisor that does not answer yet."""
        run("scripts/addon.sh", cwd=HERE)
        folder = self.image("addon", "dist/addon/earshot/Dockerfile", HERE / "dist/addon/earshot", "BUILD_ARCH=amd64")
        says = json.loads((folder / "image.json").read_text())
        check("the Supervisor knows the image", says["Labels"].get("io.hass.type") == "app" and says["Labels"].get("io.hass.arch") == "amd64", says)
        data = self.work / "addon-data"
        data.mkdir(mode=0o700)
        (data / "options.json").write_text(json.dumps({"satellites": [{"id": "home", "wake_words": ["okay_nabu"]}]}))
        box = container.Container(folder / "image", data, 0)
        log = self.work / "addon.log"
        try:
            box.environment = {"SUPERVISOR_TOKEN": "0123456789"}
            box.start(log, *says["Entrypoint"], *says["Cmd"])
            eventually("the add-on waits for the Supervisor", lambda: "the Supervisor will be asked again" in log.read_text(), log.read_text)
            check("its token is not in the log", "0123456789" not in log.read_text())
            check("the health check fails until it runs", box.do(*says["Healthcheck"])[0] == 1)
        finally:
            box.close()
        self.addon_config()

    def addon_config(self) -> None:
        source, python = os.environ.get("SUPERVISOR"), os.environ.get("SUPERVISOR_PYTHON", sys.executable)
        if not source:
            print("not checked: the add-on's config.yaml by the Supervisor's own code, as SUPERVISOR names no checkout of it")
            return
        said = run(python, HERE / "scripts/try/addon.py", HERE, cwd=source, env=os.environ | {"PYTHONPATH": source})
        check("the Supervisor's own code takes the add-on", "taken" in said, said)
        print(said, end="")

    def debian(self) -> None:
        """The package is installed, updated, removed and purged."""
        self.dist()
        run("scripts/deb.sh", self.version, cwd=HERE)
        root = self.work / "debian"
        root.mkdir()
        run("tar", "-xf", self.base(), "-C", root)
        shutil.copy(HERE / "dist/earshot_amd64.deb", root / "old.deb")
        self.next_package(root / "old.deb", root / "new.deb")

        def do(*words: str, code: int = 0) -> str:
            setup = 'mount -t proc none "$1/proc"; root=$1; shift; exec chroot "$root" env DEBIAN_FRONTEND=noninteractive "$@"'
            return run("unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", setup, "sh", root, *words, code=code)

        for name in ("etc/resolv.conf", "etc/hosts"):
            shutil.copy("/" + name, root / name)
        settings = run("apt-config", "dump", "Acquire")
        (root / "etc/apt/apt.conf.d/99try").write_text("\n".join(re.findall(r"^Acquire::https?::(?:Proxy|Verify).*$", settings, re.M)) + "\n")
        shutil.copy("/etc/ssl/certs/ca-certificates.crt", root / "etc/ssl/certs/ca-certificates.crt")
        do("apt-get", "update", "-q")
        said = do("apt-get", "install", "-q", "-y", "/old.deb")
        check("the package is installed, and says what comes next", "systemctl enable --now earshot" in said, said)
        check("the program runs", do("earshot", "version") == run(HERE / "dist/earshot-linux-amd64", "version"))
        state, config = root / "var/lib/earshot", root / "etc/earshot/config.yaml"
        check("data and configuration are private", (state.stat().st_mode & 0o777, config.stat().st_mode & 0o777) == (0o700, 0o640))
        check("the models are there", (state / "models/okay_nabu.tflite").stat().st_uid == state.stat().st_uid != 0)
        unit = self.work / "earshot.service"
        unit.write_text((root / "lib/systemd/system/earshot.service").read_text().replace("/usr/bin/earshot", "/bin/true"))  # which this machine has
        said = run("systemd-analyze", "verify", "--man=no", unit)
        check("systemd takes the unit", str(unit) not in said and "earshot" not in said, said)
        doctor = ["runuser", "-u", "earshot", "--", "sh", "-c", "cd /var/lib/earshot && earshot doctor --config /etc/earshot/config.yaml"]
        said = do(*doctor, code=1)
        check("the doctor misses a microphone, and nothing else", re.findall(r"^problem +(\w+)", said, re.M) == ["microphone"], said)
        config.write_text(config.read_text().replace("Kitchen", "Galley"))
        (state / "models/own.json").write_text("{}")
        (state / "history.txt").write_text("kept")
        changed = state / "models/hey_jarvis.json"
        changed.write_text(changed.read_text() + "\n")
        said = do("apt-get", "install", "-q", "-y", "-o", "Dpkg::Options::=--force-confdef", "/new.deb")
        models = root / "usr/share/earshot/models"
        check("an update brings new models", (state / "models/alexa.json").read_bytes() == (models / "alexa.json").read_bytes())
        check("and keeps what the household has changed", changed.read_bytes() != (models / "hey_jarvis.json").read_bytes() and "hey_jarvis.json" in said, said)
        check("and added", (state / "models/own.json").exists() and "Galley" in config.read_text())
        do("apt-get", "remove", "-q", "-y", "earshot")
        check("what is removed keeps its data", (state / "history.txt").exists() and config.exists() and not (root / "usr/bin/earshot").exists())
        do("apt-get", "purge", "-q", "-y", "earshot")
        check("what is purged keeps nothing", not state.exists() and not config.parent.exists() and "earshot" not in (root / "etc/passwd").read_text())

    def next_package(self, old: pathlib.Path, new: pathlib.Path) -> None:
        """Make a package of a later version with a changed model."""
        tree = self.work / "next"
        run("dpkg-deb", "--raw-extract", old, tree)
        control = tree / "DEBIAN/control"
        control.write_text(re.sub(r"^Version: .*", r"\g<0>.1", control.read_text(), flags=re.M))
        for name in ("alexa.json", "hey_jarvis.json"):
            model = tree / "usr/share/earshot/models" / name
            model.write_text(model.read_text() + " ")
        run("dpkg-deb", "--root-owner-group", "--build", tree, new)

    def compose(self) -> None:
        """The compose file is one, and its two configurations are taken by their programs."""
        folder = HERE / "examples/compose"
        words = ["docker-compose", "--file", folder / "compose.yaml", "config"]
        said = run(*words, env=os.environ | {"MQTT_PASSWORD": "secret"})
        check("compose takes the file", said.count("read_only: true") == 2 and "MQTT_PASSWORD: secret" in said, said)
        without = {name: value for name, value in os.environ.items() if name != "MQTT_PASSWORD"}
        check("and says when the password is missing", "MQTT_PASSWORD" in run(*words, code=1, env=without))
        run("go", "build", "-o", self.work / "earshot", "./cmd/earshot", cwd=HERE, env=os.environ | {"CGO_ENABLED": "0"})
        run("python3", "scripts/models.py", self.work / "models", cwd=HERE)
        environment = os.environ | {"MQTT_PASSWORD": "secret"}
        run(self.work / "earshot", "check-config", "--config", folder / "earshot.yaml", cwd=self.work, env=environment)
        ok("Earshot takes its configuration")
        settings = (folder / "mosquitto/mosquitto.conf").read_text()
        passwords = self.work / "passwords"
        run("mosquitto_passwd", "-b", "-c", passwords, "earshot", "secret")
        mine = self.work / "mosquitto.conf"
        mine.write_text(
            settings.replace("/mosquitto/config/passwords", str(passwords)).replace("/mosquitto/data/", f"{self.work}/").replace("listener 1883", "listener 28831 127.0.0.1")
            + "user root\n"
        )
        broker = subprocess.Popen(["/usr/sbin/mosquitto", "-c", str(mine)], stderr=subprocess.DEVNULL)
        try:
            publish = ["mosquitto_pub", "-h", "127.0.0.1", "-p", "28831", "-t", "x", "-m", "y"]
            eventually("the broker lets Earshot in", lambda: subprocess.run([*publish, "-u", "earshot", "-P", "secret"], stderr=subprocess.DEVNULL).returncode == 0)
            check("and nobody without a password", subprocess.run(publish, stderr=subprocess.DEVNULL).returncode != 0)
        finally:
            broker.terminate()
            broker.wait()


def main() -> None:
    parts = sys.argv[1:] or ["programs", "compose", "debian", "container", "addon"]
    # Not below /tmp, which the containers hide.
    with tempfile.TemporaryDirectory(prefix="earshot-packages-", dir="/var/tmp") as work:
        trial = Trial(pathlib.Path(work))
        for part in parts:
            getattr(trial, part)()
    print(f"{passed} passed, 0 failed")


if __name__ == "__main__":
    main()
