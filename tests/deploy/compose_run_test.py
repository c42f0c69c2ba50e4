# Goal: the file for Docker Compose starts as it is shipped: settings, volumes, ports of this machine, and what the container may not do.
# Method: the image of image_test.py under podman and podman-compose, which need no daemon, in namespaces of the test's own, so
# that nothing of this machine is changed. Images of others are not to be had: BeTrace starts alone.

import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

from documents import DEPLOY, needs_program, needs_tool
from image_test import NAME, Builder

# No cgroups and no limits beyond ours: a container within a container may have neither.
SETTINGS = """
[containers]
cgroups = "disabled"
default_ulimits = ["nofile=1024:1024", "nproc=1000:1000"]
log_driver = "k8s-file"
[engine]
runtime = "crun"
cgroup_manager = "cgroupfs"
events_logger = "file"
[network]
network_backend = "netavark"
"""

# In namespaces of its own. `healthy` waits for the health check of the image, `ask` sends a request with the key.
SCRIPT = """
umount -R /sys/fs/cgroup 2>/dev/null || true
mount -t cgroup2 none /sys/fs/cgroup
ip link set lo up
compose() { podman-compose -f docker-compose.yml "$@" >>"$LOG" 2>&1; }
container() { podman ps --format '{{.Names}}' | grep betrace-backend; }
up() {
  compose up -d --no-deps betrace-backend
  for try in $(seq 300); do podman healthcheck run $(container) >/dev/null 2>&1 && echo healthy && return; sleep 0.2; done
  podman logs $(container); exit 1
}
ask() { curl -sS -H "X-API-Key: $BETRACE_API_KEY" -H 'Content-Type: application/json' "$@"; }
code() { curl -s -o /dev/null -w '%{http_code}\\n' "$@"; }
trap 'compose down -v -t 0' EXIT
. ./.env
api=http://127.0.0.1:12011

"""


@unittest.skipUnless(os.environ.get("BETRACE_IMAGE_TEST"), "SKIPPED: Compose is started with BETRACE_IMAGE_TEST=1")
@needs_program()
@needs_tool("buildah", "Debian")
@needs_tool("mmdebstrap", "Debian")
@needs_tool("podman-compose", "Debian, with podman, crun, netavark, aardvark-dns and iptables")
class ComposeRunTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="betrace-compose-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        buildah = Builder(cls.folder)
        buildah.make_base()
        buildah.make_image()
        driver = buildah("info", "--format", "{{.store.GraphDriverName}}")
        (cls.folder / "containers.conf").write_text(SETTINGS)
        (cls.folder / "storage.conf").write_text(f'[storage]\ndriver = "{driver}"\ngraphroot = "{cls.folder}/storage"\n'
                                                 f'runroot = "{cls.folder}/run"\n')
        shutil.copytree(DEPLOY, cls.folder / "deploy")
        shutil.copy(cls.folder / "deploy/compose/.env.example", cls.folder / "deploy/compose/.env")
        with (cls.folder / "deploy/compose/.env").open("a") as settings:
            settings.write("BETRACE_API_KEY=a-key-of-the-compose-file-0123456789\n"
                           "BETRACE_SIGNATURE_KEY=c2lnbmF0dXJlLWtleS1vZi10aGUtY29tcG9zZS1maWxl\nGRAFANA_PASSWORD=secret\n")

    def run_script(self, script):
        environment = {name: value for name, value in os.environ.items() if not name.startswith("BETRACE_")} | {
            "CONTAINERS_CONF": str(self.folder / "containers.conf"), "LOG": str(self.folder / "log"),
            "CONTAINERS_STORAGE_CONF": str(self.folder / "storage.conf"), "BETRACE_IMAGE": f"localhost/{NAME}"}
        done = subprocess.run(["unshare", "--mount", "--net", "sh", "-euc", SCRIPT + script], capture_output=True, text=True,
                              env=environment, cwd=self.folder / "deploy/compose")
        log = self.folder / "log"
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr + (log.read_text()[-3000:] if log.exists() else ""))
        return done.stdout

    def test_betrace_is_healthy_and_what_it_was_told_is_on_named_volumes(self):
        said = self.run_script("""
            up
            code $api/health; code $api/v1/rules
            ask -o /dev/null -w '%{http_code}\\n' $api/v1/rules -d \
              '{"id": "slow", "name": "slow", "expression": "trace.duration > 1s", "severity": "HIGH"}'
            ask -o /dev/null -w '%{http_code}\\n' http://127.0.0.1:4318/v1/traces -d '{"resourceSpans": []}'
            ask -o /dev/null $api/v1/spans -d '{"spans": [{"trace_id": "a", "span_id": "b", "name": "pay", "duration_ms": 2000}]}'
            podman exec $(container) sh -c 'id -u; touch /etc/mark 2>&1 | grep -o "Read-only file system"; touch /tmp/mark && echo /tmp
              grep -cE "^Cap(Inh|Prm|Eff|Bnd):[[:space:]]*0+$" /proc/self/status; grep NoNewPrivs /proc/self/status | grep -o 1'
            compose down
            podman ps -aq; podman volume ls -q | grep -E '_(rules|state)$' | sed 's/.*_//' | sort
            up
            ask $api/v1/rules | jq -r '.rules[].id'
            ask "$api/v1/violations?limit=10" | jq -r '.violations[].rule_id'
        """)
        self.assertEqual(said, "healthy\n200\n401\n201\n200\n1000\nRead-only file system\n/tmp\n4\n1\nrules\nstate\nhealthy\nslow\nslow\n")


if __name__ == "__main__":
    unittest.main()
