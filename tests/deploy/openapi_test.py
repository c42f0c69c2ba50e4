"""What the OpenAPI document promises holds for requests that nobody thought of: right and wrong ones, made from it."""

import os
import pathlib
import subprocess
import tempfile
import time
import unittest

from documents import TOOLS, needs_program
from scripts_test import Server

SCHEMATHESIS = TOOLS / "schemathesis" / "bin" / "schemathesis"
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
EXAMPLES = os.environ.get("BETRACE_OPENAPI_EXAMPLES", "10")
SEED = os.environ.get("BETRACE_OPENAPI_SEED", str(int(time.time())))
UNLIMITED = {f"BETRACE_LIMITS_REST_{kind}RATE": "0" for kind in ("", "WRITE_", "COMPUTE_")}


@needs_program()
@unittest.skipUnless(SCHEMATHESIS.exists(), "SKIPPED: schemathesis is not installed (tools/setup --ci)")
class OpenApiPropertyTest(unittest.TestCase):
    def test_every_operation_answers_as_the_document_says(self):
        with tempfile.TemporaryDirectory() as folder:
            server = Server(pathlib.Path(folder), UNLIMITED)
            try:
                # A stream has no end, so there is no answer to hold against the document.
                run = subprocess.run(
                    [SCHEMATHESIS, "run", f"{server.url}/openapi.yaml", "--checks", CHECKS, "--phases", "examples,coverage,fuzzing",
                     "-n", EXAMPLES, "--seed", SEED, "--exclude-path", "/v1/violations/stream", "--no-color",
                     "--generation-database", "none", "--continue-on-failure"],
                    capture_output=True, text=True, cwd=folder, timeout=540)
            finally:
                server.stop()
            self.assertEqual(run.returncode, 0, f"seed {SEED}\n{run.stdout[-8000:]}{run.stderr[-2000:]}")
            self.assertRegex(run.stdout, r"[1-9]\d* generated, [1-9]\d* passed\n")
            self.assertEqual(server.process.returncode, 0, "the server ends in order")


if __name__ == "__main__":
    unittest.main()
