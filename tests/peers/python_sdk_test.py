# Goal: what the OpenTelemetry SDK for Python sends, over all three forms of OTLP, is judged.
# Method: the SDK as the registry has it, unchanged, against a real server.

import unittest

from peers import FORMS, Judge, announce, needs_program, needs_python_sdk, send_checkout, version_of_sdk


@needs_program()
@needs_python_sdk()
class PythonSdkTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.judge = Judge(cls)
        announce("OpenTelemetry SDK for Python", version_of_sdk())

    def test_a_checkout_is_judged_over_each_form(self):
        for form in FORMS:
            with self.subTest(form=form):
                self.judge.check(self, send_checkout(form, self.judge.grpc if form == "grpc" else self.judge.url))


@needs_program()
@needs_python_sdk()
class PythonSdkWithKeyTest(unittest.TestCase):
    KEY = "0123456789-a-key-of-the-sdk"

    def test_the_key_goes_in_the_headers_of_the_exporter(self):
        judge = Judge(type(self), key=self.KEY)
        for form in FORMS:
            with self.subTest(form=form):
                endpoint = judge.grpc if form == "grpc" else judge.url
                judge.check(self, send_checkout(form, endpoint, f"x-api-key={self.KEY}"))


if __name__ == "__main__":
    unittest.main()
