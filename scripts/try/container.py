"""Start what image.py has made as compose.yaml does: read-only but for /data and /tmp, without any capability, in a network of its own."""

import os
import pathlib
import subprocess
import time

ENTER = """set -e
root=$1 data=$2 ready=$3
shift 3
ip link set lo up
mount --bind "$root" "$root"
mount --bind "$data" "$root/data"
for pair in "$@"; do
	mkdir -p "$root${pair#*:}"
	mount --bind "${pair%%:*}" "$root${pair#*:}"
done
mount -t tmpfs -o mode=1777 none "$root/tmp"
mount -t tmpfs -o mode=755 none "$root/run"
mount -t proc none "$root/proc"
mount -t tmpfs none "$root/dev"
for node in null zero urandom; do
	touch "$root/dev/$node"
	mount --bind "/dev/$node" "$root/dev/$node"
done
mount -o remount,bind,ro "$root"
touch "$ready"
exec sleep infinity
"""


class Container:
    """A root file system that programs run in until it is closed."""

    def __init__(self, root: pathlib.Path, data: pathlib.Path, uid: int, *mounts: str, hosts: bool = False) -> None:
        self.root, self.uid, self.environment = root, uid, {}
        group = subprocess.run(["chroot", root, "getent", "group", "audio"], capture_output=True, text=True, check=True).stdout.split(":")[2]
        self.groups = f"{uid},{group}"
        ready = data.parent / f"ready-{data.name}"
        ready.unlink(missing_ok=True)
        spaces = ["--mount", "--pid", "--fork", "--kill-child", "--propagation", "private"] + ([] if hosts else ["--net"])
        self.holder = subprocess.Popen(["unshare", *spaces, "sh", "-c", ENTER, "sh", root, data, ready, *mounts])
        while not ready.exists():
            if self.holder.poll() is not None:
                raise SystemExit("the container could not be made")
            time.sleep(0.05)
        self.pid = pathlib.Path(f"/proc/{self.holder.pid}/task/{self.holder.pid}/children").read_text().split()[0]

    def command(self, *words: str) -> list[str]:
        rights = ["--reuid", str(self.uid), "--regid", str(self.uid), "--groups", self.groups]
        rights += ["--bounding-set=-all", "--inh-caps=-all", "--no-new-privs"]
        variables = [f"{name}={value}" for name, value in self.environment.items()]
        inside = ["chroot", str(self.root), "env", "-i", "PATH=/usr/local/bin:/usr/bin:/bin", *variables, "setpriv", *rights]
        return ["nsenter", "--target", self.pid, "--mount", "--net", "--pid", *inside, "sh", "-c", 'cd /data && exec "$@"', "sh", *words]

    def do(self, *words: str) -> tuple[int, str]:
        """Carry out a command to its end."""
        done = subprocess.run(self.command(*words), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, stdin=subprocess.DEVNULL, timeout=300)
        return done.returncode, done.stdout

    def start(self, log: pathlib.Path, *words: str) -> subprocess.Popen:
        """Start a program."""
        with log.open("w") as out:
            return subprocess.Popen(self.command(*words), stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)

    def close(self) -> None:
        """End everything in it."""
        self.holder.kill()
        self.holder.wait()
        while os.path.exists(f"/proc/{self.pid}"):
            time.sleep(0.05)
