# Goal: the scripts that operators run do what they say, and change nothing when they fail.
# Method: each is run as a container would run it, against a real server with rules or with stubs in its way.

import datetime
import json
import os
import pathlib
import re
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request

from documents import DEPLOY, KUBERNETES, PROGRAM, PROJECT, documents_of, needs_program, needs_tool
from wiring import pod_of

sys.path.append(str(PROJECT / "tests" / "tools"))
from ports import free_port  # noqa: E402

BACKUP = DEPLOY / "image/backup-rules.sh"
RESTORE = DEPLOY / "image/restore-rules.sh"
SHELL_SCRIPTS = [BACKUP, RESTORE, *(DEPLOY / "debian" / name for name in
                                    ("package", "postinst", "prerm", "postrm"))]
START_SECONDS_MAX = 30
MANY_RULES = int(os.environ.get("BETRACE_RESTORE_RULES", "100"))


def clean_environment():
    return {key: value for key, value in os.environ.items() if not key.startswith(("BETRACE_", "OTEL_"))}


def make_certificate(folder, name="localhost"):
    """A certificate for that name and this machine that vouches for itself: (certificate, key)."""
    certificate, key = folder / "server.pem", folder / "server.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                    "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name},IP:127.0.0.1", "-keyout", key,
                    "-out", certificate], check=True, capture_output=True)
    return certificate, key


class Server:
    """A real `betrace serve` on a folder of its own. With `certificate`, (certificate, key), it serves over TLS."""

    def __init__(self, folder, environment=None, errors=None, grpc_port=0, certificate=None, flags=("--log-level", "error"),
                 **process):
        port = free_port()
        self.url = f"http{'s' if certificate else ''}://127.0.0.1:{port}"
        self.context = ssl.create_default_context(cafile=certificate[0]) if certificate else None
        tls = {"BETRACE_TLS_CERT": str(certificate[0]), "BETRACE_TLS_KEY": str(certificate[1])} if certificate else {}
        self.process = subprocess.Popen(
            [PROGRAM, "serve", "--http-port", str(port), "--otlp-http-port", "0",
             "--otlp-grpc-port", str(grpc_port),
             "--storage-path", folder / "rules", *flags],
            stdout=subprocess.DEVNULL, stderr=errors, env=clean_environment() | (environment or {}) | tls, **process)
        deadline = time.monotonic() + START_SECONDS_MAX
        while True:
            try:
                return urllib.request.urlopen(f"{self.url}/ready", context=self.context).close()
            except (urllib.error.URLError, ConnectionError):
                if time.monotonic() > deadline or self.process.poll() is not None:
                    raise
                time.sleep(0.02)

    def ask(self, path):
        with urllib.request.urlopen(self.url + path) as answer:
            return json.load(answer)

    def rules(self):
        return self.ask("/v1/rules")["rules"]

    def change(self, method, path, body=None):
        request = urllib.request.Request(self.url + path, method=method,
                                         data=None if body is None else json.dumps(body).encode(),
                                         headers={"Content-Type": "application/json"})
        urllib.request.urlopen(request).close()

    def add(self, name, expression, severity="HIGH"):
        self.change("POST", "/v1/rules", {"id": name, "name": name, "description": "", "expression": expression,
                                          "severity": severity, "enabled": True})

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(START_SECONDS_MAX)


def run(script, *arguments, environment=None):
    return subprocess.run([script, *arguments], capture_output=True, text=True,
                          env=clean_environment() | (environment or {}))


@needs_program()
@needs_tool("jq", "tools/setup")
@needs_tool("curl", "tools/setup")
class RulesTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="betrace-deploy-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.server = Server(self.folder)
        self.addCleanup(self.server.stop)
        self.environment = {"BETRACE_URL": self.server.url, "TMPDIR": str(self.folder)}
        # Quotes and backslashes are what a careless shell loses.
        self.server.add("quoted", r'span.name matches "a\\.\"b\""')
        self.server.add("plain", "span.duration > 1s")
        self.file = self.folder / "backup.json"

    def backup(self):
        done = run(BACKUP, environment=self.environment)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.file.write_text(done.stdout)

    def restore(self, *flags):
        return run(RESTORE, *flags, self.file, environment=self.environment)

    def test_a_backup_holds_every_rule(self):
        self.backup()
        self.assertEqual(json.loads(self.file.read_text())["rules"], self.server.rules())

    def test_a_restore_undoes_what_changed_was_deleted_and_was_added(self):
        self.backup()
        before = {rule["id"]: (rule["expression"], rule["severity"]) for rule in self.server.rules()}
        self.server.change("PATCH", "/v1/rules/plain", {"severity": "LOW"})
        self.server.change("DELETE", "/v1/rules/quoted")
        self.server.add("newer", "span.duration > 2s")
        done = self.restore()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual({rule["id"]: (rule["expression"], rule["severity"])
                          for rule in self.server.rules()}, before)
        self.assertEqual(json.loads(done.stdout)["deleted"], 1)

    def test_with_keep_what_was_added_stays(self):
        self.backup()
        self.server.add("newer", "span.duration > 2s")
        self.assertEqual(self.restore("--keep").returncode, 0)
        self.assertEqual({rule["id"] for rule in self.server.rules()}, {"quoted", "plain", "newer"})

    def test_a_second_restore_changes_nothing(self):
        self.backup()
        before = self.server.rules()
        done = self.restore()
        self.assertEqual(json.loads(done.stdout)["unchanged"], 2)
        self.assertEqual(self.server.rules(), before)

    def in_a_pod_with_tls(self, certificate, shown):
        """A backup and a restore as in a pod whose server has TLS, with the certificate that the pod is told of."""
        folder = self.folder / "pod"
        folder.mkdir()
        server = Server(folder, certificate=certificate, environment={"BETRACE_API_KEY": "0123456789abcdef-of-the-pod"})
        self.addCleanup(server.stop)
        environment = {"BETRACE_HTTP_PORT": server.url.rsplit(":", 1)[1], "BETRACE_TLS_CERT": str(shown), "BETRACE_STORAGE_PATH": "/no/folder",
                       "BETRACE_API_KEY": "0123456789abcdef-of-the-pod", "TMPDIR": str(self.folder)}
        self.backup()
        return run(RESTORE, self.file, environment=environment), run(BACKUP, environment=environment)

    def test_in_a_pod_with_tls_they_find_the_server_by_its_certificate(self):
        certificate = make_certificate(self.folder)
        restored, backed_up = self.in_a_pod_with_tls(certificate, shown=certificate[0])
        self.assertEqual((restored.returncode, restored.stderr), (0, ""))
        self.assertEqual([rule["id"] for rule in json.loads(backed_up.stdout)["rules"]], ["plain", "quoted"])

    def test_in_a_pod_with_tls_a_server_with_another_key_is_told_nothing(self):
        other = self.folder / "other"
        other.mkdir()
        restored, backed_up = self.in_a_pod_with_tls(make_certificate(self.folder), shown=make_certificate(other)[0])
        self.assertNotEqual(restored.returncode, 0)
        self.assertEqual((backed_up.returncode != 0, backed_up.stdout), (True, ""))

    def restore_without_a_server(self):
        """As in a container whose service is stopped: the folder of the rules itself."""
        self.server.stop()
        done = run(RESTORE, self.file, environment={
            "PATH": f"{PROGRAM.parent}:{os.environ['PATH']}", "TMPDIR": str(self.folder),
            "BETRACE_HTTP_PORT": str(free_port()), "BETRACE_STORAGE_PATH": str(self.folder / "rules")})
        self.server = Server(self.folder)
        self.addCleanup(self.server.stop)
        return done

    def test_without_a_server_the_folder_is_made_equal_to_the_backup(self):
        self.backup()
        before = self.server.rules()
        self.server.change("DELETE", "/v1/rules/quoted")
        self.server.add("newer", "span.duration > 2s")
        done = self.restore_without_a_server()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("1 created, 0 updated, 1 unchanged, 0 skipped, 1 deleted", done.stdout)
        self.assertEqual([rule["expression"] for rule in self.server.rules()], [rule["expression"] for rule in before])

    def test_without_a_server_a_wrong_rule_leaves_the_folder_as_it_was(self):
        self.backup()
        before = self.server.rules()
        document = json.loads(self.file.read_text())
        document["rules"][0]["expression"] = "span.duraton > 1s"
        self.file.write_text(json.dumps(document))
        done = self.restore_without_a_server()
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("nothing was changed", done.stderr)
        self.assertEqual(self.server.rules(), before)

    def run_loop(self, change=("", "")):
        """Runs the loop of the page of disaster recovery, `change` made in it, on the server of this test."""
        page = (PROJECT / "docs/guide/disaster-recovery.md").read_text()
        loop = next(text for text in re.findall(r"```bash\n(.*?)```", page, re.S) if "read -r" in text)
        loop = loop.replace("https://betrace.example.com", self.server.url).replace(*change)
        return subprocess.run(["bash", "-c", f"set -o pipefail\n{loop}"], cwd=self.folder, capture_output=True, text=True,
                              env=clean_environment() | {"BETRACE_API_KEY": "none"})

    def test_the_loop_of_the_page_restores_an_empty_store_to_the_byte(self):
        self.backup()
        self.file.rename(self.folder / "rules-backup.json")
        before = self.server.rules()
        for rule in before:
            self.server.change("DELETE", f"/v1/rules/{rule['id']}")
        self.server.stop()
        shutil.rmtree(self.folder / "rules")
        self.server = Server(self.folder)
        self.addCleanup(self.server.stop)
        self.assertEqual(self.run_loop().returncode, 0)
        self.assertEqual(self.server.rules(), before)

    def test_the_backup_of_the_page_from_outside_works_over_tls(self):
        name, key = "betrace.example.com", "a-key-for-the-backup-from-outside"
        certificate = make_certificate(self.folder, name)
        (self.folder / "remote").mkdir()
        shutil.copytree(self.folder / "rules", self.folder / "remote/rules", ignore=shutil.ignore_patterns(".betrace"))
        remote = Server(self.folder / "remote", {"BETRACE_API_KEY": key, "BETRACE_HTTP_HOSTS": name}, certificate=certificate)
        self.addCleanup(remote.stop)
        page = (PROJECT / "docs/guide/disaster-recovery.md").read_text()
        block = next(text for text in re.findall(r"```bash\n(.*?)```", page, re.S) if f"https://{name}/v1/rules >" in text)
        # The name leads to this machine, and its authority is known, as it would be to a reader.
        port = remote.url.rpartition(":")[2]
        known = f'curl() {{ command curl --connect-to {name}:443:127.0.0.1:{port} --cacert {certificate[0]} "$@"; }}\n'
        for given, code in ((key, 0), ("not-the-key-of-the-backup", 22)):
            done = subprocess.run(["bash", "-ec", known + block], cwd=self.folder, capture_output=True, text=True,
                                  env=clean_environment() | {"BETRACE_API_KEY": given})
            self.assertEqual(done.returncode, code, done.stderr)
            if code == 0:
                self.assertEqual(done.stdout, "2\n")
                self.assertEqual({rule["id"]: rule["expression"] for rule in
                                  json.loads((self.folder / "rules-backup.json").read_text())["rules"]},
                                 {rule["id"]: rule["expression"] for rule in self.server.rules()})

    def test_a_loop_that_eats_backslashes_is_refused_and_changes_nothing(self):
        self.backup()
        document = json.loads(self.file.read_text())
        quoted = [rule for rule in document["rules"] if rule["id"] == "quoted"]
        (self.folder / "rules-backup.json").write_text(json.dumps({"rules": quoted}))
        before = self.server.rules()
        done = self.run_loop(("IFS= read -r rule", "read rule"))
        self.assertIn("400", done.stderr)
        self.assertEqual(self.server.rules(), before)

    def test_a_wrong_rule_in_the_backup_leaves_the_store_as_it_was(self):
        self.backup()
        document = json.loads(self.file.read_text())
        document["rules"][0]["expression"] = "span.duration >"
        document["rules"][1]["severity"] = "LOW"
        self.file.write_text(json.dumps(document))
        before = self.server.rules()
        done = self.restore()
        self.assertEqual(done.returncode, 1)
        self.assertIn("nothing was changed", done.stderr)
        self.assertEqual(self.server.rules(), before)

    def test_many_rules_are_restored_and_none_is_missing_in_a_backup(self):
        rules = [{"id": f"rule-{number}", "name": f"rule-{number}", "severity": "LOW",
                  "expression": f"span.duration > {number + 1}ms"} for number in range(MANY_RULES)]
        self.file.write_text(json.dumps({"rules": rules}))
        started = time.monotonic()
        done = self.restore()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertLess(time.monotonic() - started, 15 * 60)
        self.backup()
        self.assertEqual({rule["id"] for rule in json.loads(self.file.read_text())["rules"]},
                         {rule["id"] for rule in rules})

    def test_a_file_without_rules_is_refused(self):
        for text in ("", "{}", '{"error": {"code": "unauthorized"}}', '{"rules": 5}'):
            self.file.write_text(text)
            self.assertEqual(self.restore().returncode, 1, text)
        self.assertEqual(len(self.server.rules()), 2)

    def test_a_server_that_is_away_fails_both_and_prints_no_backup(self):
        self.backup()
        away = self.environment | {"BETRACE_URL": f"http://127.0.0.1:{free_port()}"}
        done = run(BACKUP, environment=away)
        self.assertNotEqual(done.returncode, 0)
        self.assertEqual(done.stdout, "")
        self.assertEqual(run(RESTORE, self.file, environment=away).returncode, 1)

    def test_an_answer_of_another_kind_is_no_backup(self):
        done = run(BACKUP, environment=self.environment | {"BETRACE_URL": self.server.url + "/health#"})
        self.assertNotEqual(done.returncode, 0)
        self.assertEqual(done.stdout, "")

    def test_the_key_is_sent_and_stands_in_no_list_of_processes(self):
        stubs = self.folder / "stubs"
        stubs.mkdir()
        (stubs / "curl").write_text(f'#!/bin/sh\necho "$@" > {self.folder}/arguments\ncat > {self.folder}/config\nexit 22\n')
        (stubs / "curl").chmod(0o755)
        key_file = self.folder / "key"
        key_file.write_text("from-a-file-0123456789\n")
        for given, sent in (({"BETRACE_API_KEY": "a-key-of-some-length"}, "a-key-of-some-length"),
                            ({"BETRACE_API_KEY_FILE": str(key_file)}, "from-a-file-0123456789")):
            done = run(BACKUP, environment=self.environment | given | {"PATH": f"{stubs}:{os.environ['PATH']}"})
            self.assertEqual(done.returncode, 22)
            self.assertIn(f'header = "X-API-Key: {sent}"', (self.folder / "config").read_text())
            self.assertNotIn(sent, (self.folder / "arguments").read_text())


class BackupJobTest(unittest.TestCase):
    """The commands of the nightly job, with a stub for the cloud."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="betrace-job-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.sent = self.folder / "sent"
        job = next(thing for thing in documents_of(KUBERNETES / "jobs") if thing["kind"] == "CronJob")
        pod = pod_of(job)["spec"]
        self.commands = [pod["initContainers"][0]["command"], pod["containers"][0]["command"]]
        stub = self.folder / "aws"
        stub.write_text(f'#!/bin/sh\n[ -s "$3" ] || exit 9\necho "$4" >> {self.sent}\n')
        stub.chmod(0o755)

    def run_job(self, backup_script):
        script = self.folder / "backup-rules.sh"
        script.write_text(f"#!/bin/sh\n{backup_script}\n")
        script.chmod(0o755)
        for command in self.commands:
            text = command[2].replace("/backup-rules.sh", str(script)).replace("/backup/", f"{self.folder}/")
            done = subprocess.run(["sh", "-c", text], capture_output=True, text=True, env={
                "PATH": f"{self.folder}:{os.environ['PATH']}", "BUCKET": "s3://bucket"})
            if done.returncode != 0:
                return done.returncode
        return 0

    def test_the_dated_object_is_written_first_and_the_latest_last(self):
        self.assertEqual(self.run_job("echo '{\"rules\": []}'"), 0)
        first, last = self.sent.read_text().split()
        self.assertRegex(first, r"^s3://bucket/rules-\d{8}\.json$")
        self.assertEqual(last, "s3://bucket/rules-latest.json")

    def test_a_failed_backup_sends_nothing(self):
        self.assertNotEqual(self.run_job("exit 22"), 0)
        self.assertFalse(self.sent.exists())


class ShellTest(unittest.TestCase):
    @needs_tool("shellcheck", "tools/setup --ci")
    def test_shellcheck_has_nothing_to_say(self):
        done = subprocess.run(["shellcheck", "-x", "-P", "SCRIPTDIR", *SHELL_SCRIPTS], capture_output=True, text=True)
        self.assertEqual(done.stdout, "")

    def test_scripts_can_be_executed(self):
        for path in (*SHELL_SCRIPTS, DEPLOY / "sbom"):
            self.assertTrue(os.access(path, os.X_OK), path)


@needs_program()
@needs_tool("dpkg-query", "Debian")
class PackageTest(unittest.TestCase):
    @needs_tool("objdump", "binutils")
    def test_the_package_names_every_library_and_installs_program_unit_and_settings(self):
        with tempfile.TemporaryDirectory() as folder:
            done = run(DEPLOY / "debian/package", PROGRAM, folder)
            self.assertEqual(done.returncode, 0, done.stderr)
            package = done.stdout.strip()
            fields = subprocess.run(["dpkg-deb", "-f", package], capture_output=True, text=True).stdout
            listed = subprocess.run(["dpkg-deb", "-c", package], capture_output=True, text=True).stdout
        for name in ("libc6", "libstdc++6", "libsqlite3-0", "libnghttp2-14", "libcurl4", "passwd"):
            self.assertRegex(fields, rf"Depends:.*\b{name.replace('+', '.')}\b")
        self.assertIn(f"Version: {version_of_program()}\n", fields)
        for path in ("./usr/bin/betrace", "./lib/systemd/system/betrace.service", "./etc/betrace/betrace.yaml"):
            self.assertIn(path, listed)
        self.assertNotRegex(listed, r"(?m)^.{7}[sS]|\bd?.{8}w")

    @needs_tool("objdump", "binutils")
    @needs_tool("lintian", "tools/setup --ci")
    def test_lintian_finds_no_error_in_the_package_but_that_nobody_has_an_address(self):
        with tempfile.TemporaryDirectory() as folder:
            package = run(DEPLOY / "debian/package", PROGRAM, folder).stdout.strip()
            done = subprocess.run(["lintian", "--allow-root", "--fail-on", "error", "--suppress-tags",
                                   "bogus-mail-host,bogus-mail-host-in-debian-changelog", package], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_the_bill_of_materials_names_each_library_once_with_its_version(self):
        bill = json.loads(run(DEPLOY / "sbom", PROGRAM).stdout)
        names = [component["name"] for component in bill["components"]]
        self.assertEqual(len(names), len(set(names)))
        for name in ("libsqlite3-0", "libssl3", "nlohmann-json3-dev"):
            self.assertIn(name, names)
        for component in bill["components"]:
            self.assertRegex(component["purl"], r"^pkg:deb/debian/[a-z0-9.+-]+@\S+\?arch=\w+$")

    def test_the_settings_of_the_package_are_valid(self):
        done = run(PROGRAM, "config", "check", "--config", str(DEPLOY / "debian/betrace.yaml"))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


class UnitTest(unittest.TestCase):
    def test_the_unit_waits_longer_than_the_program_drains(self):
        unit = (DEPLOY / "systemd/betrace.service").read_text()
        self.assertIn("TimeoutStopSec=35s", unit)
        self.assertIn("RestartPreventExitStatus=2 75 78", unit)

    @needs_tool("systemd-analyze", "systemd")
    def test_systemd_knows_every_line_of_the_unit(self):
        unit = (DEPLOY / "systemd/betrace.service").read_text()
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for program in ("usr/bin/betrace", "bin/kill"):
                (root / program).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy("/bin/true", root / program)
            (root / "lib/systemd/system").mkdir(parents=True)

            def verify(text):
                (root / "lib/systemd/system/betrace.service").write_text(text)
                return subprocess.run(["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", f"--root={root}",
                                       "betrace.service"], capture_output=True, text=True)
            done = verify(unit)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertIn("RestartSecs", verify(unit.replace("RestartSec=", "RestartSecs=")).stderr)

    @needs_tool("systemd-analyze", "systemd")
    def test_systemd_calls_the_unit_well_confined(self):
        done = subprocess.run(["systemd-analyze", "security", "--offline=true", "--threshold=20",
                               DEPLOY / "systemd/betrace.service"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout[-400:] + done.stderr)


class VersionTest(unittest.TestCase):
    @needs_program()
    def test_every_place_that_names_the_version_names_that_of_the_program(self):
        version = version_of_program()
        chart = documents_of(DEPLOY / "helm/betrace/Chart.yaml")[0]
        self.assertEqual((chart["version"], chart["appVersion"]), (version, version))
        for path in [*DEPLOY.rglob("*.y*ml"), *DEPLOY.rglob("*.json"), DEPLOY / "Dockerfile"]:
            for line in path.read_text().splitlines():
                if "betracehq/backend:" in line:
                    self.assertIn(f"betracehq/backend:{version}", line, path)


    @needs_program()
    def test_the_guides_are_of_the_version_of_the_program_and_of_its_day(self):
        heads = {re.search(r"^\*\*Version\*\* (\S+), \*\*last updated\*\* (\d{4}-\d\d-\d\d)\.",
                           (PROJECT / f"docs/guide/{name}-guide.md").read_text(), re.M).groups() for name in ("user", "operator")}
        self.assertEqual(len(heads), 1)
        version, day = heads.pop()
        self.assertEqual(version, version_of_program())
        self.assertEqual(datetime.date.fromisoformat(day).isoformat(), day)
        # Until it is released the version has no section of its own, and the guides are of the day they say.
        released = re.search(rf"^## \[?{re.escape(version)}\]? - (\S+)$", (PROJECT / "CHANGELOG.md").read_text(), re.M)
        if released:
            self.assertEqual(day, released[1])


def version_of_program():
    return subprocess.run([PROGRAM, "--version"], capture_output=True, text=True).stdout.split()[1]


if __name__ == "__main__":
    unittest.main()
