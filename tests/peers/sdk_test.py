# Goal: what the OpenTelemetry SDKs for Python, Go and Java send, over each form of OTLP that they have, is judged.
# Method: each SDK as its registry has it, unchanged, against a real server. Those for Go and Java send compressed.

import unittest

from peers import FORMS, GO_SDK, JAVA_SDK, PYTHON_SDK, Judge, announce, needs_program

KEY = "0123456789-a-key-of-the-sdk"


class SdkTests:
    def endpoint(self, judge, form):
        return judge.grpc if form == "grpc" else judge.url

    def test_a_checkout_is_judged_over_each_form_of_the_sdk(self):
        judge = Judge(type(self))
        for form in self.sdk.forms:
            with self.subTest(form=form):
                ids = self.sdk.send_checkout(form, self.endpoint(judge, form))
                judge.check(self, ids)
                announce(f"OpenTelemetry SDK for {self.sdk.name}", f"{ids['version']} over {form}")

    def test_no_form_is_missing(self):
        missing = ", ".join(form for form in FORMS if form not in self.sdk.forms)
        if missing:
            self.skipTest(f"SKIPPED: the OpenTelemetry SDK for {self.sdk.name} has no exporter for {missing}")

    def test_the_key_goes_in_the_headers_of_the_exporter(self):
        judge = Judge(type(self), key=KEY)
        for form in self.sdk.forms:
            with self.subTest(form=form):
                judge.check(self, self.sdk.send_checkout(form, self.endpoint(judge, form), f"x-api-key={KEY}"))


@needs_program()
@PYTHON_SDK.needed()
class PythonSdkTest(SdkTests, unittest.TestCase):
    sdk = PYTHON_SDK


@needs_program()
@GO_SDK.needed()
class GoSdkTest(SdkTests, unittest.TestCase):
    sdk = GO_SDK


@needs_program()
@JAVA_SDK.needed()
class JavaSdkTest(SdkTests, unittest.TestCase):
    sdk = JAVA_SDK


if __name__ == "__main__":
    unittest.main()
