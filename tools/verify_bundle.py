#!/usr/bin/env python3
"""A second verifier of evidence bundles, independent of BeTrace; see docs/guide/verification.md.

Usage: tools/verify_bundle.py FOLDER --trust FINGERPRINT [--trust ...]. Needs python3-cryptography,
and verify_minutes.py beside it.
Exit 0: all of it is what was signed; 1: it is not, or is not proven; 2: it cannot be read.
"""
import argparse, base64, hashlib, json, pathlib, sys
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from verify_minutes import Minutes
TYPE = "application/vnd.betrace.commit.v1+json"

def require(is_so, what):
    if not is_so:
        raise ValueError(what)

def sha256(data):
    return hashlib.sha256(data).hexdigest()

def canonical(text):  # RFC 8785 without floating-point numbers
    value = json.loads(text)
    again = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    require(again.encode() == text, "a text is not in canonical form")
    return value

def unbase64(text):
    data = base64.b64decode(text, validate=True)
    require(base64.b64encode(data).decode() == text, "a base64 text is not canonical")
    return data

def read_signed(keys, line):
    envelope = canonical(line)
    [signature], payload = envelope["signatures"], unbase64(envelope["payload"])
    head = f"DSSEv1 {len(TYPE)} {TYPE} {len(payload)} ".encode()
    keys[signature["keyid"]]["object"].verify(unbase64(signature["sig"]), head + payload)
    commit = canonical(payload)
    require(envelope["payloadType"] == TYPE and (commit["type"], commit["v"]) == ("commit", 1)
            and commit["kid"] == signature["keyid"] and commit["count"] > 0, "not a commit")
    return commit, payload

def root_of(leaves):  # RFC 6962, section 2.1
    if len(leaves) == 1:
        return leaves[0]
    half = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\1" + root_of(leaves[:half]) + root_of(leaves[half:])).digest()

def read_keys(text):
    ring = canonical(text[:-1])
    begin, end = "-----BEGIN PUBLIC KEY-----", "-----END PUBLIC KEY-----"
    require(ring["v"] == 1 and ring["keys"] and text.endswith(b"\n"), "keys.json is wrong or newer")
    for key in ring["keys"]:
        raw = unbase64(key["public_key"])
        pem = base64.b64encode(bytes.fromhex("302a300506032b6570032100") + raw).decode()
        require(key["algorithm"] == "ed25519" and key["kid"] == "ed25519:" + sha256(raw)[:8]
                and key["public_key_pem"] == f"{begin}\n{pem}\n{end}\n"
                and key["status"] in ("active", "retired"), "keys.json: a key is wrong")
        key.update(object=Ed25519PublicKey.from_public_bytes(raw), first=0, named=set())
        key["fingerprint"] = sha256(raw)
    return {key["kid"]: key for key in ring["keys"]}

def read_record(line, number, log, key, minutes, begin):
    record = canonical(line)
    payload, mac = unbase64(record["payload"]), record["signature"] or ""
    body = canonical(payload)
    require(record["sequence"] == str(number) and (body["log"], body["v"]) == (log, 1)
            and (mac != "" or record["unsigned"] is body["unsigned"] is True)
            and (mac == "" or mac.startswith(f"v1:{body['key_id']}:")), f"record {number} is wrong")
    if body["type"] == "key_event" and body["public_key"]:
        key["named"].add(sha256(bytes.fromhex(body["public_key"])))
    if body["type"] == "retention" and body["ranges"][0][1] + 1 == begin[0]:
        require(body["last_hash"] == begin[1], "the chain does not begin where retention ended")
    minutes.read(body)
    return hashlib.sha256(b"\0" + number.to_bytes(8, "big") + payload).digest(), mac + "\n"

def verify(folder, trusted):
    keys = read_keys((folder / "keys.json").read_bytes())
    lines = iter((folder / "records.jsonl").read_bytes().split(b"\n"))
    *commits, end = (folder / "commits.jsonl").read_bytes().split(b"\n")
    require(commits and end == b"", "commits.jsonl is empty or cut off")
    log, prev, after, payloads, minutes, begin = None, None, 1, {}, Minutes(), None
    for line in commits:
        commit, payload = read_signed(keys, line)
        key, first = keys[commit["kid"]], commit["first_seq"]
        log = log or commit["log"]
        require(commit["log"] == log and commit["prev"] == (prev or commit["prev"])
                and first >= after, f"the chain is broken at record {first}")
        minutes.told |= prev is not None and first > after  # numbers that the log skipped
        begin, after = begin or (first, commit["prev"]), first + commit["count"]
        leaves, macs = zip(*(read_record(next(lines), number, log, key, minutes, begin)
                             for number in range(first, after)))
        signed = sha256("".join(macs).encode()) if any(mac != "\n" for mac in macs) else None
        require(root_of(leaves).hex() == commit["root"] and signed == commit.get("macs"),
                f"records {first} to {after - 1} are not what was signed")
        key["first"], prev, payloads[after - 1] = key["first"] or first, sha256(payload), payload
    minutes.finish()
    require(list(lines) == [b""], "records.jsonl holds more than was signed, or is cut off")
    for file in folder.glob("checkpoints/*.json"):
        commit, payload = read_signed(keys, file.read_bytes().removesuffix(b"\n"))
        require(payloads.get(commit["first_seq"] + commit["count"] - 1) == payload, file.name)
    ranges = [(int(key["from_seq"]), int(key["to_seq"]) + 1) for key in keys.values()]
    begins, ends = map(list, zip(*ranges))
    require(begins == [key["first"] for key in keys.values()] and ends == [*begins[1:], after],
            "keys.json: a range is not what the key signed")
    known = {key["fingerprint"] for key in keys.values()} & set(trusted)
    for key in [*keys.values()] * len(keys):  # a trusted key vouches for those that it names
        known |= key["named"] if key["fingerprint"] in known else set()
    require(all(key["fingerprint"] in known for key in keys.values()), "a key is not trusted")
    return f"valid: log {log}, {len(commits)} commits, up to record {after - 1}"

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--trust", action="append", default=[])
    given = parser.parse_args()
    try:
        print(verify(given.folder, [text.removeprefix("sha256:") for text in given.trust]))
    except OSError as error:
        sys.exit(print(f"unreadable: {error}") or 2)
    except Exception as error:  # whatever it is, nothing is proven
        sys.exit(print(f"not valid: {error!r}") or 1)
