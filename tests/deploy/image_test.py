# Goal: the image starts as an unprivileged user, answers, and holds what operators are told it holds.
# Method: buildah builds it without a daemon, on a Debian made by mmdebstrap since no registry of images is asked. With
# BETRACE_IMAGE_TEST=1 the program and its package are those of this machine and the first stage of the Dockerfile, which
# compiles, is left out; with BETRACE_IMAGE_TEST=whole the Dockerfile is built as it is.
#
# It takes minutes, so but for the list of what goes into it it runs only when asked, as by `make lint`:
# BETRACE_IMAGE_TEST=1 python3 -m unittest discover -s tests/deploy -p 'image_test.py'

import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

from documents import DEPLOY, PROGRAM, PROJECT, TOOLS, needs_program, needs_tool
from scripts_test import free_port, version_of_program

NAME = "betracehq/backend:test"
BASE = "docker.io/library/debian:12-slim"


def runtime_stage():
    text = (DEPLOY / "Dockerfile").read_text()
    first = text.index(f"FROM {BASE.rsplit('/', 1)[1]} AS build")
    second = text.index("FROM debian:12-slim\n")
    return text[:first] + "FROM scratch AS build\nCOPY out /out\n\n" + text[second:]


class Builder:
    def __init__(self, folder):
        self.folder = folder
        self.environment = os.environ | {"BUILDAH_ISOLATION": "chroot", "STORAGE_DRIVER": "vfs"}

    def __call__(self, *arguments, fails=False):
        done = subprocess.run(["buildah", "--root", self.folder / "storage", "--runroot", self.folder / "run",
                               *arguments], capture_output=True, text=True, env=self.environment)
        if done.returncode != 0 and not fails:
            raise AssertionError(f"buildah {arguments[0]}: {done.stdout[-1500:]}{done.stderr[-1500:]}")
        return done.stdout.strip()

    def make_base(self):
        archive = TOOLS / "debian-12.tar"
        if not archive.exists():
            archive.parent.mkdir(parents=True, exist_ok=True)
            subprocess.run(["mmdebstrap", "--variant=minbase", "bookworm", archive], check=True,
                           capture_output=True)
        container = self("from", "scratch")
        self("add", container, str(archive), "/")
        self("commit", "-q", container, BASE)
        self("rm", container)

    def make_image(self):
        context = self.folder / "context"
        subprocess.run([DEPLOY / "debian/package", PROGRAM, context / "out"], check=True, capture_output=True)
        bill = subprocess.run([DEPLOY / "sbom", PROGRAM], check=True, capture_output=True)
        (context / "out/betrace.cdx.json").write_bytes(bill.stdout)
        shutil.copytree(DEPLOY / "image", context / "deploy/image")
        (context / "Dockerfile").write_text(runtime_stage())
        self.build(context / "Dockerfile", context)

    def build(self, file, context, *flags):
        self("bud", "--format", "docker", "--pull-never", "--network", "host", *flags, "-t", NAME, "-f", str(file), str(context))

    def make_whole_image(self):
        self.build(DEPLOY / "Dockerfile", PROJECT, "--ignorefile", str(DEPLOY / "Dockerfile.dockerignore"))


# Runs a program of the image $1 as its user on a root that cannot be written, but where the image has volumes, and /tmp.
READ_ONLY = """
mount --bind "$1" "$1" && mount -o remount,bind,ro "$1"
for folder in tmp data/rules data/state; do mount -t tmpfs -o size=64m,mode=0700,uid=1000,gid=1000 tmpfs "$1/$folder"; done
mount --rbind /proc "$1/proc" && mount --rbind /dev "$1/dev"
exec env -i PATH=/usr/sbin:/usr/bin:/bin BETRACE_STORAGE_PATH=/data/rules BETRACE_STATE_PATH=/data/state \
  chroot --userspec=1000:1000 "$1" sh -euc "$2"
"""


def let_through():
    """What the image may be made of, by the list of the Dockerfile: first nothing, then these."""
    lines = (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()
    return [line.removeprefix("!") for line in lines if line.startswith("!") and (PROJECT / line[1:]).exists()]


class ContextTest(unittest.TestCase):
    def test_what_the_dockerfile_copies_is_let_through(self):
        copies = re.findall(r"^COPY (?!--from)(?:--\S+ )*(.+) \S+$", (DEPLOY / "Dockerfile").read_text(), re.M)
        copied = [path for line in copies for path in line.split() if path != "."]
        self.assertIn("deploy/image/restore-rules.sh", copied)
        for path in copied:
            self.assertTrue(any(path == each or path.startswith(each + "/") for each in let_through()), path)

    def test_what_is_let_through_is_all_that_the_program_is_made_of(self):
        with tempfile.TemporaryDirectory(prefix="betrace-context-") as folder:
            for each in let_through():
                target = pathlib.Path(folder) / each
                target.parent.mkdir(parents=True, exist_ok=True)
                copy = shutil.copytree if (PROJECT / each).is_dir() else shutil.copy
                copy(PROJECT / each, target)
            # -n: nothing is compiled, but a file that is missing is named.
            for command in (["cmake", "--preset", "release", "-DBETRACE_TESTS=OFF"], ["ninja", "-C", "build/release", "-n", "betrace"]):
                done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
                self.assertEqual(done.returncode, 0, done.stdout[-1500:] + done.stderr[-1500:])


@unittest.skipUnless(os.environ.get("BETRACE_IMAGE_TEST"), "SKIPPED: the image is built with BETRACE_IMAGE_TEST=1")
@needs_program()
@needs_tool("buildah", "Debian")
@needs_tool("mmdebstrap", "Debian")
class ImageTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="betrace-image-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.buildah = Builder(cls.folder)
        try:
            cls.buildah.make_base()
        except (AssertionError, subprocess.CalledProcessError) as error:
            raise unittest.SkipTest(f"SKIPPED: no Debian to build on could be made here: {error}") from error
        if os.environ["BETRACE_IMAGE_TEST"] == "whole":
            cls.buildah.make_whole_image()
        else:
            cls.buildah.make_image()
        cls.container = cls.buildah("from", "--pull-never", NAME)

    def inside(self, script, container=None):
        """Runs a shell script as the user of the image, with its environment; ports are those of this machine."""
        return self.buildah("run", container or self.container, "--", "sh", "-euc", script)

    def test_it_is_run_by_an_unprivileged_user_that_owns_its_data(self):
        self.assertEqual(self.inside("id -u; id -g; stat -c '%u %a' /data/rules /data/state"),
                         "1000\n1000\n1000 700\n1000 700")

    def test_it_says_its_version_under_both_names(self):
        version = subprocess.run([PROGRAM, "--version"], capture_output=True, text=True).stdout.strip()
        self.assertEqual(self.inside("betrace --version"), version)
        self.assertTrue(self.inside("test -x /usr/bin/betrace-backend && echo there"))

    def test_it_asks_for_health_by_the_program(self):
        image = json.loads(self.buildah("inspect", "--type", "image", NAME))["Docker"]["config"]
        self.assertEqual(image["Healthcheck"]["Test"], ["CMD", "betrace", "healthcheck"])
        self.assertEqual((image["User"], image["Entrypoint"], image["Cmd"]), ("1000:1000", ["betrace"], ["serve"]))
        self.assertIn("BETRACE_BIND=0.0.0.0", image["Env"])

    def serve(self, settings, script):
        """Runs a script beside a server that was started as the image starts it, on every address; $api is its API."""
        port = free_port()
        return self.inside(f"""
            export BETRACE_HTTP_PORT={port} BETRACE_OTLP_HTTP_PORT=0 BETRACE_OTLP_GRPC_PORT=0 {settings}
            api=http://127.0.0.1:{port}
            betrace serve >/tmp/log 2>&1 & server=$!
            for try in $(seq 300); do betrace healthcheck >/dev/null 2>&1 && break; sleep 0.1; done
            betrace healthcheck
            {script}""")

    def test_it_serves_on_every_address_to_whoever_has_the_key_and_its_scripts_back_up_and_restore(self):
        said = self.serve("BETRACE_API_KEY=0123456789-key-of-the-image", """
            auth="X-API-Key: $BETRACE_API_KEY"
            curl -fsS http://localhost:$BETRACE_HTTP_PORT/health | jq -r .version
            curl -s $api/ready | jq -r .auth
            curl -s -o /dev/null -w '%{http_code}\\n' $api/v1/rules
            curl -s -o /dev/null -w '%{http_code}\\n' -H "Host: $(hostname)" -H "$auth" $api/v1/rules
            grep -q " 00000000:$(printf %04X $BETRACE_HTTP_PORT) " /proc/net/tcp && echo every address
            curl -fsS -o /dev/null -H "$auth" -H 'Content-Type: application/json' $api/v1/rules -d \
              '{"id": "slow", "name": "slow", "expression": "span.duration > 1s", "severity": "HIGH"}'
            /backup-rules.sh > /tmp/rules.json
            curl -fsS -o /dev/null -H "$auth" -X DELETE $api/v1/rules/slow
            /restore-rules.sh /tmp/rules.json | jq -c '[.total, .created]'
            kill $server; wait $server
            ls /data/rules; ls /data/state | head -1
        """)
        self.assertIn(f"{version_of_program()}\non\n401\n200\nevery address\n", said)
        self.assertIn("[1,1]\nslow.json\n", said)

    def test_without_a_key_strangers_can_only_send_and_the_key_is_in_the_state(self):
        said = self.serve("BETRACE_STATE_PATH=/tmp/bootstrap", """
            curl -s $api/ready | jq -r .auth
            curl -s -o /dev/null -w '%{http_code}\\n' $api/v1/rules
            curl -s -o /dev/null -w '%{http_code}\\n' -H 'Content-Type: application/json' -d '{"resourceSpans": []}' $api/v1/traces
            curl -s -o /dev/null -w '%{http_code}\\n' -H "X-API-Key: $(cat /tmp/bootstrap/bootstrap-admin.key)" $api/v1/rules
            stat -c %a /tmp/bootstrap/bootstrap-admin.key
            kill $server; wait $server
        """)
        self.assertIn("bootstrap\n401\n200\n200\n600", said)

    def on_read_only_root(self, script):
        """Runs a script as the user of the image; `start` starts a server and waits until it is healthy."""
        container = self.buildah("from", "--pull-never", NAME)
        self.addCleanup(self.buildah, "umount", container)
        root = self.buildah("mount", container)
        done = subprocess.run(["unshare", "--mount", "sh", "-euc", READ_ONLY, "sh", root, f"""
            export BETRACE_HTTP_PORT={free_port()} BETRACE_OTLP_HTTP_PORT=0 BETRACE_OTLP_GRPC_PORT=0
            trap 'kill $server 2>/dev/null || true' EXIT
            start() {{
              betrace serve >>/tmp/log 2>&1 & server=$!
              for try in $(seq 300); do betrace healthcheck >/dev/null 2>&1 && return; sleep 0.1; done
              cat /tmp/log; exit 1
            }}
            {script}"""], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def test_it_serves_and_drains_on_a_root_that_cannot_be_written(self):
        said = self.on_read_only_root("""
            touch /etc/mark 2>&1 | grep -o 'Read-only file system'
            start
            api=http://127.0.0.1:$BETRACE_HTTP_PORT
            post() { curl -fsS -o /dev/null -H 'Content-Type: application/json' "$@"; }
            post $api/v1/rules -d '{"id": "slow", "name": "slow", "expression": "trace.duration > 1s", "severity": "HIGH"}'
            post $api/v1/spans -d '{"spans": [{"trace_id": "a", "span_id": "b", "name": "pay", "duration_ms": 2000}]}'
            kill $server; wait $server; echo "exit $?"
            ls /data/rules; betrace log dump --json | jq -r 'select(.payload.type == "violation") | .payload.rule_id'
        """)
        self.assertEqual(said, "Read-only file system\nexit 0\nslow.json\nslow\n")

    def test_a_newcomer_turns_on_tls_and_keys_breaks_the_disk_and_restores_the_rules(self):
        said = self.on_read_only_root("""
            cd /tmp
            openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \
              -addext subjectAltName=DNS:localhost -keyout server.key -out server.pem 2>/dev/null
            export BETRACE_TLS_CERT=/tmp/server.pem BETRACE_TLS_KEY=/tmp/server.key BETRACE_API_KEY=$(openssl rand -base64 32)
            export BETRACE_URL=https://localhost:$BETRACE_HTTP_PORT CURL_CA_BUNDLE=/tmp/server.pem
            start
            auth="X-API-Key: $BETRACE_API_KEY"
            code() { curl -s -o /dev/null -w '%{http_code}\\n' "$@"; }
            add() {
              code -H "$auth" -H 'Content-Type: application/json' $BETRACE_URL/v1/rules \
                -d "{\\"id\\": \\"$1\\", \\"name\\": \\"$1\\", \\"expression\\": \\"span.duration > 1s\\", \\"severity\\": \\"HIGH\\"}"
            }
            until_ready() { for try in $(seq 300); do [ "$(code $BETRACE_URL/ready)" = $1 ] && echo "ready: $1" && return; sleep 0.1; done; exit 1; }

            code $BETRACE_URL/v1/rules; code -H "$auth" $BETRACE_URL/v1/rules
            add first; add second
            /backup-rules.sh > rules.json
            # The disk of the rules is full, and then it is not.
            dd if=/dev/zero of=/data/rules/filler bs=64k 2>/dev/null || true
            add third
            until_ready 503
            rm /data/rules/filler
            until_ready 200
            add third
            # A file is damaged, and the process killed.
            kill -9 $server; wait $server || true
            echo '{"format": 1, "rule": ' > /data/rules/first.json
            start
            curl -s $BETRACE_URL/ready | jq -r .checks.storage
            ls /data/rules | grep -c 'first.json.corrupt-'
            /restore-rules.sh rules.json | jq -c '[.created, .deleted]'
            curl -s -H "$auth" $BETRACE_URL/v1/rules | jq -c '[.rules[].id]'
        """)
        self.assertEqual(said, "401\n200\n201\n201\n503\nready: 503\nready: 200\n201\ndegraded: 1 quarantined\n1\n[1,1]\n"
                               '["first","second"]\n')

    def test_no_key_is_in_it(self):
        image = json.loads(self.buildah("inspect", "--type", "image", NAME))["Docker"]["config"]
        for setting in image["Env"]:
            self.assertNotRegex(setting, r"KEY|SECRET|TOKEN|PASSWORD")
        said = self.inside("""
            find / -xdev -type f \\( -name '*.key' -o -name '*.env' -o -name 'id_*' -o -name keys.yaml \\) 2>/dev/null || true
            grep -rlE -e '-----BEGIN ([A-Z]+ )?PRIVATE KEY-----' /etc /data /opt /root /home /usr/bin/betrace /usr/share/doc/betrace \
              /backup-rules.sh /restore-rules.sh 2>/dev/null || echo none
        """, self.buildah("from", "--pull-never", NAME))
        self.assertEqual(said, "none")

    def test_it_holds_its_bill_of_materials_and_nothing_to_build_with(self):
        bill = json.loads(self.inside("cat /usr/share/doc/betrace/betrace.cdx.json"))
        self.assertEqual(bill["metadata"]["component"]["name"], "betrace")
        self.assertEqual(self.inside("command -v gcc cmake git python3 || echo none"), "none")


if __name__ == "__main__":
    unittest.main()
