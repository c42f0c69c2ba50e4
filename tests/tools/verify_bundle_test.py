"""R18: a bundle that is made here, by neither verifier, is judged alike by both of them."""

import base64
import datetime
import hashlib
import importlib.util
import json
import os
import pathlib
import random
import subprocess
import sys
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
    sys.path.insert(0, str(PROJECT / "tools"))  # where the file beside it is looked for
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


SIX_GAPS = [[{"type": "gap", "cause": "shed", "count": number, "text": "\u00e9\n"} for number in numbers]
            for numbers in ((1,), (2, 3), (4, 5, 6))]


def make_bundle(folder, groups=SIX_GAPS):
    """One commit for each group of payloads, which get their heads; returns the fingerprint of the key."""
    key = Ed25519PrivateKey.from_private_bytes(b"\1" * 32)
    raw = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    fingerprint = hashlib.sha256(raw).hexdigest()
    kid = f"ed25519:{fingerprint[:8]}"
    records, commits, previous, number = [], [], "0" * 64, 1
    for group in groups:
        first, leaves = number, []
        for members in group:
            payload = canonical({"v": 1, "log": LOG, "unsigned": True, **members})
            records.append(canonical({"payload": text_of(payload), "sequence": str(number),
                                      "signature": None, "unsigned": True}))
            leaves.append(hashlib.sha256(b"\0" + number.to_bytes(8, "big") + payload).digest())
            number += 1
        payload = canonical({"count": len(group), "first_seq": first, "kid": kid, "log": LOG,
                             "prev": previous, "root": root_of(leaves).hex(),
                             "ts": "2026-01-01T00:00:00.000000000Z", "type": "commit", "v": 1})
        previous = hashlib.sha256(payload).hexdigest()
        message = f"DSSEv1 {len(TYPE)} {TYPE} {len(payload)} ".encode() + payload
        commits.append(canonical({"payload": text_of(payload), "payloadType": TYPE, "signatures": [
            {"keyid": kid, "sig": text_of(key.sign(message))}]}))
    pem = text_of(bytes.fromhex("302a300506032b6570032100") + raw)
    pem = f"-----BEGIN PUBLIC KEY-----\n{pem}\n-----END PUBLIC KEY-----\n"
    ring = {"keys": [{"algorithm": "ed25519", "from_seq": "1", "kid": kid, "public_key": text_of(raw),
                      "public_key_pem": pem, "status": "active", "to_seq": str(number - 1)}],
            "v": 1}
    (folder / "checkpoints").mkdir(parents=True, exist_ok=True)
    for name, lines in zip(FILES, (records, commits, [canonical(ring)], commits[-1:])):
        (folder / name).write_bytes(b"\n".join(lines) + b"\n")
    return fingerprint


def time_text(seconds):
    return datetime.datetime.fromtimestamp(1_767_225_600 + seconds, datetime.timezone.utc).strftime(
        "%Y-%m-%dT%H:%M:%S.000000000Z")


def lives(draw):
    """Records of some lives of a service, with a clock that is set now and then; any may be missing."""
    now, records = draw.randrange(10_000), []

    def tell(kind, **members):
        if draw.random() > 0.03:
            records.append({"type": kind, "timestamp": time_text(now), **members})

    for _ in range(draw.randrange(1, 4)):
        tell("start", crash=False)
        for _ in range(draw.randrange(8)):
            begin, now = now, now + draw.choice([60, 60, 60, 60, 61, 0, 3600, -3600])
            now = max(now, 0)
            if draw.random() < 0.1:
                tell("gap", cause=draw.choice(["shed", "io_error", "wal_missing"]), count=1)
            tell("coverage", **{"from": time_text(begin), "to": time_text(now)})
        now += draw.choice([0, 1, 60, 61, 120, 121])
        tell(draw.choice(["stop", "stop", "ruleset"]))
        now += draw.choice([0, 60, 100_000])
    return records or [{"type": "gap", "cause": "shed", "count": 1}]


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

    @unittest.skipUnless(PROGRAM.exists(), "there is no build/betrace; run make build first")
    def test_both_verifiers_agree_about_many_records(self):
        """BETRACE_EVIDENCE_RECORDS says how many."""
        wanted, groups = int(os.environ.get("BETRACE_EVIDENCE_RECORDS", "200")), []
        while wanted > 0:
            groups.append(SIX_GAPS[2] * self.random.randrange(1, 14))
            wanted -= len(groups[-1])
        make_bundle(self.folder, groups)
        (self.folder / FILES[3]).unlink()
        self.assertEqual(self.betrace()[0], 0)
        self.assertTrue(self.is_valid())
        edits = {"deleted": lambda lines, at: lines.pop(at),
                 "doubled": lambda lines, at: lines.insert(at, lines[at]),
                 "swapped": lambda lines, at: lines.insert(at, lines.pop(at + 1)),
                 "cut off": lambda lines, at: lines.__delitem__(slice(at, None))}
        for what, edit in edits.items():
            for name in FILES[:2]:
                whole = (self.folder / name).read_bytes()
                lines = whole.splitlines(keepends=True)
                at = self.random.randrange(len(lines) - 1)
                edit(lines, at)
                (self.folder / name).write_bytes(b"".join(lines))
                where = f"line {at + 1} of {name} {what}, BETRACE_SEED={self.seed}"
                self.assertEqual(self.betrace()[0], 1, where)
                self.assertFalse(self.is_valid(), where)
                (self.folder / name).write_bytes(whole)

    def covers(self, *minutes):
        """A life with a coverage record for these minutes."""
        records = [{"type": "coverage", "timestamp": time_text(60 * minute + 60), "from": time_text(60 * minute),
                    "to": time_text(60 * minute + 60)} for minute in minutes]
        records = [{"type": "start", "timestamp": time_text(0)}, *records,
                   {"type": "stop", "timestamp": time_text(240)}]
        make_bundle(self.folder, [records])
        (self.folder / FILES[3]).unlink()
        return self.is_valid()

    def test_a_minute_without_its_record_is_seen(self):
        self.assertTrue(self.covers(0, 1, 2, 3))
        for minutes in ((0, 2, 3), (0, 1, 3), (0, 1)):
            self.assertFalse(self.covers(*minutes), minutes)

    @unittest.skipUnless(PROGRAM.exists(), "there is no build/betrace; run make build first")
    def test_both_verifiers_agree_about_every_minute(self):
        (self.folder / FILES[3]).unlink()
        counts = {0: 0, 1: 0}
        for _ in range(60):
            make_bundle(self.folder, [lives(self.random)])
            (self.folder / FILES[3]).unlink()
            code, printed = self.betrace()
            counts[code] += 1
            self.assertEqual(code == 0, self.is_valid(), f"BETRACE_SEED={self.seed}: {printed}")
        self.assertGreater(min(counts.values()), 0, counts)


if __name__ == "__main__":
    unittest.main()
