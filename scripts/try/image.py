"""Carry out a Dockerfile without a container engine, as root: in chroots, with the base images made of this machine's own packages.

Usage: python3 scripts/try/image.py DOCKERFILE CONTEXT BASE FOLDER [ARG=VALUE]...

BASE is a tar of a Debian root file system, which stands for every base image; an image of Go gets this machine's Go. FOLDER gets one root file
system for each stage, the last of them under the name image, and image.json with what the image says about being run.
"""

import fnmatch
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys

CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"


def instructions(text):
    """Yield each instruction with its arguments, continued lines joined."""
    text = re.sub(r"^\s*#.*\n", "", text, flags=re.M)
    for line in re.sub(r"\\\n", " ", text).splitlines():
        if line.strip():
            word, _, rest = line.strip().partition(" ")
            yield word.upper(), rest.strip()


def listed(text):
    """Read what may be a JSON list or words for a shell."""
    return json.loads(text) if text.startswith("[") else ["/bin/sh", "-c", text]


class Stage:
    def __init__(self, root, image):
        self.root, self.image, self.args, self.env = root, image, {}, {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
        self.config = {"User": "root", "WorkingDir": "/", "Entrypoint": [], "Cmd": [], "Healthcheck": [], "Volumes": [], "Labels": {}}

    def expand(self, text):
        def value(match):
            name, strip = match.group(1) or match.group(2), match.group(3)
            got = self.args.get(name, self.env.get(name, ""))
            return got.removeprefix(strip) if strip else got

        return re.sub(r"\$(?:(\w+)|\{(\w+)(?:#([^}]*))?\})", value, text)

    def path(self, name):
        at = pathlib.PurePosixPath(self.config["WorkingDir"]) / name
        return self.root / str(at).lstrip("/")


class Build:
    def __init__(self, context, base, folder, args):
        self.context, self.base, self.folder, self.given = context, base, folder, args
        self.globals, self.stages, self.stage = {}, {}, None
        ignore = context / ".dockerignore"
        self.ignored = ignore.read_text().split() if ignore.exists() else []

    def start(self, rest):
        words = [w for w in shlex.split(rest) if not w.startswith("--")]
        image = re.sub(r"\$\{?(\w+)\}?", lambda m: self.globals[m.group(1)], words[0])
        if ":" not in image or image.endswith(":latest"):
            sys.exit(f"image: the base image {image} is not pinned")
        name = words[2] if len(words) > 2 else "image"
        root = self.folder / name
        root.mkdir(parents=True)
        subprocess.run(["tar", "-xf", self.base, "-C", root], check=True)
        self.stage = self.stages[name] = Stage(root, image)
        if image.startswith("golang:"):
            shutil.copytree(goroot(), root / "usr/local/go", symlinks=True)
            self.stage.env |= {"PATH": "/go/bin:/usr/local/go/bin:" + self.stage.env["PATH"], "GOPATH": "/go", "GOTOOLCHAIN": "local"}
            has = subprocess.run([root / "usr/local/go/bin/go", "version"], env={"GOROOT": str(root / "usr/local/go")}, capture_output=True, text=True)
            if f"go{image.split(':')[1].split('-')[0]} " not in has.stdout:
                print(f"image: {image} is stood for by {has.stdout.strip()}")
            # What the real image has beside Go, as far as it is used.
            self.run("apt-get update -q && apt-get install -q -y --no-install-recommends git ca-certificates")

    def run(self, command):
        stage = self.stage
        print(f"RUN {command}", flush=True)
        hold = stage.root / "run/host"
        hold.mkdir(parents=True, exist_ok=True)
        env = dict(stage.env)
        for name in ("GOPROXY", "GOSUMDB", "GOFLAGS"):
            env[name] = subprocess.run(["go", "env", name], capture_output=True, text=True, check=True).stdout.strip()
        for name, value in os.environ.items():
            if name.lower().endswith("_proxy") or name in ("PIP_INDEX_URL", "PIP_DEFAULT_TIMEOUT"):
                env[name] = value
        # The network of this machine is for the building only, and nothing of it stays in the image.
        for name in ("SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
            env[name] = "/run/host/certificates.pem"
        env |= stage.args | {"APT_CONFIG": "/run/host/apt.conf", "DEBIAN_FRONTEND": "noninteractive", "HOME": "/root"}
        setup = f"""set -e
mount -t tmpfs none {hold}
cp {CERTIFICATES} {hold}/certificates.pem
apt-config dump Acquire | grep -iE '^Acquire::https?::(Proxy|Verify)' >{hold}/apt.conf || true
echo 'Acquire::https::CaInfo "/run/host/certificates.pem";' >>{hold}/apt.conf
touch {stage.root}/etc/resolv.conf {stage.root}/etc/hosts
mount --bind /etc/resolv.conf {stage.root}/etc/resolv.conf
mount --bind /etc/hosts {stage.root}/etc/hosts
for conf in /etc/pip.conf; do [ ! -e $conf ] || {{ touch {stage.root}$conf; mount --bind $conf {stage.root}$conf; }}; done
mount -t proc none {stage.root}/proc
mount --rbind /dev {stage.root}/dev
mkdir -p {stage.root}{CERTIFICATES.rpartition('/')[0]}
exec chroot {stage.root} /bin/sh -c "cd \\"$1\\" && $2" sh
"""
        setup = setup.replace('/bin/sh -c "cd \\"$1\\" && $2" sh', '/bin/sh -c \'cd "$1" && eval "$2"\' sh "$1" "$2"')
        done = subprocess.run(["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", setup, "sh", stage.config["WorkingDir"], command], env=env)
        if done.returncode != 0:
            sys.exit(f"image: that failed with exit status {done.returncode}")

    def copy(self, rest):
        words = shlex.split(rest)
        flags, words = [w for w in words if w.startswith("--")], [w for w in words if not w.startswith("--")]
        source = self.context
        for flag in flags:
            source = self.stages[flag.removeprefix("--from=")].root
        *names, to = words
        target = self.stage.path(to)
        print(f"COPY {rest}", flush=True)
        for name in names:
            path = source / name.lstrip("/")
            if path.is_dir():
                skip = self.skip if source == self.context else None
                shutil.copytree(path, target, symlinks=True, dirs_exist_ok=True, ignore=skip)
                continue
            place = target / path.name if to.endswith("/") or target.is_dir() else target
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, place)

    def skip(self, folder, names):
        inside = pathlib.Path(folder).relative_to(self.context)
        return [n for n in names if any(fnmatch.fnmatch(str(inside / n), pattern) for pattern in self.ignored)]

    def carry_out(self, text):
        for word, rest in instructions(text):
            if word == "FROM":
                self.start(rest)
                continue
            if word == "ARG":
                for one in shlex.split(rest):
                    name, _, default = one.partition("=")
                    value = self.given.get(name, self.globals.get(name, default))
                    (self.stage.args if self.stage else self.globals)[name] = value
                continue
            config = self.stage.config
            match word:
                case "RUN":
                    self.run(rest)
                case "COPY":
                    self.copy(self.stage.expand(rest))
                case "WORKDIR":
                    config["WorkingDir"] = self.stage.expand(rest)
                    self.stage.path(".").mkdir(parents=True, exist_ok=True)
                case "USER":
                    config["User"] = rest
                case "VOLUME":
                    config["Volumes"] += rest.split()
                case "ENTRYPOINT" | "CMD":
                    config[word.capitalize()] = listed(rest)
                case "HEALTHCHECK":
                    config["Healthcheck"] = listed(rest.partition("CMD ")[2])
                case "LABEL":
                    config["Labels"] |= dict(one.split("=", 1) for one in shlex.split(self.stage.expand(rest)))
                case _:
                    sys.exit(f"image: the instruction {word} is not known here")
        (self.folder / "image.json").write_text(json.dumps(self.stage.config, indent=1))


def goroot():
    return subprocess.run(["go", "env", "GOROOT"], capture_output=True, text=True, check=True).stdout.strip()


if __name__ == "__main__":
    dockerfile, context, base, folder, *args = sys.argv[1:]
    build = Build(pathlib.Path(context).resolve(), base, pathlib.Path(folder).resolve(), dict(a.split("=", 1) for a in args))
    build.carry_out(pathlib.Path(dockerfile).read_text())
