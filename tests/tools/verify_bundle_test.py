"""R18: a bundle that is made here, by neither verifier, is judged alike by both of them."""

import base64
import hashlib
import importlib.util
import json
import os
import pathlib
import random
import subprocess
import tempfile
import unittest

PROJECT = pathlib.Path(__file__).resolve().parent.parent.parent
PROGRAM = PROJECT / "build" / "betrace"
TYPE = "application/vnd.betrace.commit.v1+json"
LOG = "betrace/test/a/00000001"
FILES = ("records.jsonl", "commits.jsonl", "keys.json", "checkpoints/6.json")

try:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
except ImportError:
    Ed25519PrivateKey = None
else:
    spec = importlib.util.spec_from_file_location("verify_bundle", PROJECT / "tools/verify_bundle.py")
    verify_bundle = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(verify_bundle)


def canonical(value):
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def text_of(data):
    return base64.b64encode(data).decode()


def root_of(leaves):
    if len(leaves) == 1:
        return leaves[0]
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    return hashlib.sha256(b"\1" + root_of(leaves[:half]) + root_of(leaves[half:])).digest()


def make_bundle(folder):
    """Six records in three groups; returns the fingerprint of the key."""
    key = Ed25519PrivateKey.from_private_bytes(b"\1" * 32)
    raw = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    fingerprint = hashlib.sha256(raw).hexdigest()
    kid = f"ed25519:{fingerprint[:8]}"
    records, commits, previous, number = [], [], "0" * 64, 1
    for count in (1, 2, 3):
        first, leaves = number, []
        for _ in range(count):
            payload = canonical({"v": 1, "type": "gap", "log": LOG, "cause": "shed", "count": number,
                                 "unsigned": True, "text": "\u00e9\n"})
            records.append(canonical({"payload": text_of(payload), "sequence": str(number),
                                      "signature": None, "unsigned": True}))
            leaves.append(hashlib.sha256(b"\0" + number.to_bytes(8, "big") + payload).digest())
            number += 1
        payload = canonical({"count": count, "first_seq": first, "kid": kid, "log": LOG,
                             "prev": previous, "root": root_of(leaves).hex(),
                             "ts": "2026-01-01T00:00:00.000000000Z", "type": "commit", "v": 1})
        previous = hashlib.sha256(payload).hexdigest()
        message = f"DSSEv1 {len(TYPE)} {TYPE} {len(payload)} ".encode() + payload
        commits.append(canonical({"payload": text_of(payload), "payloadType": TYPE, "signatures": [
            {"keyid": kid, "sig": text_of(key.sign(message))}]}))
    pem = text_of(bytes.fromhex("302a300506032b6570032100") + raw)
    pem = f"-----BEGIN PUBLIC KEY-----\n{pem}\n-----END PUBLIC KEY-----\n"
    ring = {"keys": [{"algorithm": "ed25519", "from_seq": "1", "kid": kid, "public_key": text_of(raw),
                      "public_key_pem": pem, "status": "active", "to_seq": "6"}], "v": 1}
    (folder / "checkpoints").mkdir(parents=True)
    for name, lines in zip(FILES, (records, commits, [canonical(ring)], commits[-1:])):
        (folder / name).write_bytes(b"\n".join(lines) + b"\n")
    return fingerprint


@unittest.skipIf(Ed25519PrivateKey is None, "python3-cryptography is not installed")
class VerifyBundleTest(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.addCleanup(self.directory.cleanup)
        self.folder = pathlib.Path(self.directory.name) / "bundle"
        self.fingerprint = make_bundle(self.folder)
        self.seed = int(os.environ.get("BETRACE_SEED", random.randrange(2**32)))
        self.random = random.Random(self.seed)

    def is_valid(self):
        try:
            verify_bundle.verify(self.folder, [self.fingerprint])
        except Exception:  # as the program does
            return False
        return True

    def betrace(self):
        done = subprocess.run([str(PROGRAM), "evidence", "verify", str(self.folder), "--trust",
                               self.fingerprint], capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr

    def change_a_byte(self, name, at):
        path = self.folder / name
        text = path.read_bytes()
        changed = bytearray(text)
        changed[at] ^= self.random.randrange(1, 256)
        path.write_bytes(bytes(changed))
        return text

    def test_the_whole_bundle_is_valid(self):
        self.assertTrue(self.is_valid())
        self.assertRaises(ValueError, verify_bundle.verify, self.folder, [])

    def test_each_changed_byte_is_seen(self):
        for name in FILES:
            for at in range(self.random.randrange(3), (self.folder / name).stat().st_size, 3):
                text = self.change_a_byte(name, at)
                self.assertFalse(self.is_valid(), f"{name} byte {at}, BETRACE_SEED={self.seed}")
                (self.folder / name).write_bytes(text)

    @unittest.skipUnless(PROGRAM.exists(), "there is no build/betrace; run make build first")
    def test_both_verifiers_agree(self):
        code, printed = self.betrace()
        self.assertEqual(code, 0, printed)
        for _ in range(40):
            name = self.random.choice(FILES)
            at = self.random.randrange((self.folder / name).stat().st_size)
            text = self.change_a_byte(name, at)
            code, printed = self.betrace()
            self.assertIn(code, (1, 78), f"{name} byte {at}, BETRACE_SEED={self.seed}: {printed}")
            self.assertFalse(self.is_valid(), f"{name} byte {at}, BETRACE_SEED={self.seed}")
            (self.folder / name).write_bytes(text)


if __name__ == "__main__":
    unittest.main()
