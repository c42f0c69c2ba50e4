# Goal: behind nginx, which ends TLS and asks for a password, people and SDKs reach BeTrace, and nobody else does.
# Method: nginx as Debian has it, with a configuration as an operator would write it; nginx knows the key of BeTrace.

import base64
import json
import pathlib
import shutil
import ssl
import subprocess
import tempfile
import unittest
import urllib.error
import urllib.request

from peers import (PYTHON_SDK, FORMS, Judge, announce, eventually, free_port, make_certificate, needs_program, needs_tool, 
                   tool, version_of)

KEY = "0123456789-a-key-of-the-proxy"
PASSWORD = "open-sesame"
AUTHORIZATION = "Basic " + base64.b64encode(f"ada:{PASSWORD}".encode()).decode()
CONFIGURATION = """
daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{}}
http {{
  access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port} ssl http2;
    ssl_certificate {certificate}; ssl_certificate_key {certificate_key};
    auth_basic betrace; auth_basic_user_file {folder}/users;
    location / {{
      proxy_pass {url}; proxy_http_version 1.1; proxy_buffering off;
      proxy_set_header Host $host; proxy_set_header Authorization ""; proxy_set_header X-API-Key {key};
    }}
    location /opentelemetry.proto.collector.trace.v1.TraceService/ {{
      grpc_pass grpc://127.0.0.1:{grpc_port}; grpc_set_header Authorization ""; grpc_set_header X-API-Key {key};
    }}
  }}
}}
"""


@needs_program()
@needs_tool("nginx", "tools/setup --e2e")
class NginxTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="betrace-nginx-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        # nginx opens a connection to BeTrace for each call.
        cls.judge = Judge(cls, {"BETRACE_LIMITS_CONNECTIONS_PER_IP": "0"}, key=KEY)
        cls.port = free_port()
        cls.url = f"https://localhost:{cls.port}"
        certificate, key = make_certificate(cls.folder)
        cls.authority = str(certificate)
        hashed = subprocess.run(["openssl", "passwd", "-apr1", PASSWORD], capture_output=True, text=True, check=True).stdout
        (cls.folder / "users").write_text(f"ada:{hashed}")
        cls.folder.chmod(0o755)  # its workers are another user
        (cls.folder / "nginx.conf").write_text(CONFIGURATION.format(
            folder=cls.folder, port=cls.port, certificate=certificate, certificate_key=key, key=KEY, url=cls.judge.url,
            grpc_port=cls.judge.grpc_port))
        process = subprocess.Popen([tool("nginx"), "-p", cls.folder, "-c", cls.folder / "nginx.conf"], stderr=subprocess.DEVNULL)
        cls.addClassCleanup(process.wait)
        cls.addClassCleanup(process.terminate)
        eventually("nginx", lambda: cls.status("/health", {}) == 401)
        announce("nginx", version_of(tool("nginx"), "-v"))

    @classmethod
    def open(cls, path, headers, body=None):
        context = ssl.create_default_context(cafile=cls.authority)
        request = urllib.request.Request(cls.url + path, headers=headers, data=body)
        return urllib.request.urlopen(request, context=context, timeout=20)

    @classmethod
    def status(cls, path, headers):
        try:
            with cls.open(path, headers) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code
        except urllib.error.URLError:
            return None

    def test_nobody_enters_without_the_password_and_nobody_passes_by_the_proxy(self):
        self.assertEqual(self.status("/v1/rules", {}), 401)
        self.assertEqual(self.status("/v1/rules", {"Authorization": AUTHORIZATION[:-4]}), 401)
        self.assertEqual(self.status("/v1/rules", {"Authorization": AUTHORIZATION}), 200)
        with self.assertRaises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(f"{self.judge.url}/v1/rules")
        self.assertEqual(refused.exception.code, 401)

    def test_a_rule_is_changed_through_it(self):
        body = json.dumps({"id": "by-proxy", "name": "by-proxy", "expression": "span.duration > 9h"}).encode()
        with self.open("/v1/rules", {"Authorization": AUTHORIZATION, "Content-Type": "application/json"}, body) as answer:
            self.assertEqual(answer.status, 201)
        self.assertIn("by-proxy", [rule["id"] for rule in self.judge.ask("/v1/rules")["rules"]])

    @PYTHON_SDK.needed()
    def test_the_sdk_sends_through_it_over_each_form(self):
        for form in FORMS:
            with self.subTest(form=form):
                self.judge.check(self, PYTHON_SDK.send_checkout(form, self.url, f"authorization={AUTHORIZATION}", self.authority))

    @PYTHON_SDK.needed()
    def test_the_stream_of_violations_comes_through_as_it_happens(self):
        with self.open("/v1/violations/stream", {"Authorization": AUTHORIZATION}) as stream:
            self.assertEqual(stream.headers["Content-Type"].split(";")[0], "text/event-stream")
            ids = PYTHON_SDK.send_checkout("http/protobuf", self.judge.url, f"x-api-key={KEY}")
            for line in stream:
                if line.startswith(b"data: "):
                    break
            self.assertEqual(json.loads(line[6:])["trace_id"], ids["trace"])


if __name__ == "__main__":
    unittest.main()
