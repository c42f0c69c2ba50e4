#!/usr/bin/env python3
"""A second, independent verifier of evidence bundles (docs/guide/evidence.md).

Usage: tools/verify_bundle.py FOLDER --trust FINGERPRINT [--trust ...]. Needs python3-cryptography.
Exit 0: all of it is what was signed; 1: it is not, or cannot be proven; 2: it cannot be read.
"""
import argparse, base64, hashlib, json, pathlib, sys
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

TYPE = "application/vnd.betrace.commit.v1+json"


def require(is_so, what):
    if not is_so:
        raise ValueError(what)


def canonical(text):
    """The value of a text that must be its own canonical form (RFC 8785 without floats)."""
    value = json.loads(text)
    again = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    require(again.encode() == text, "not in canonical form")
    return value


def unbase64(text):
    data = base64.b64decode(text, validate=True)
    require(base64.b64encode(data).decode() == text, "base64 is not canonical")
    return data


def verify_signature(key, envelope):
    """The payload of an envelope, signed by the key of the ring that it names."""
    require(envelope["payloadType"] == TYPE and len(envelope["signatures"]) == 1, "another type")
    payload = unbase64(envelope["payload"])
    message = b"DSSEv1 %d %s %d %s" % (len(TYPE), TYPE.encode(), len(payload), payload)
    key["object"].verify(unbase64(envelope["signatures"][0]["sig"]), message)
    commit = canonical(payload)
    require((commit["type"], commit["v"]) == ("commit", 1), "not a commit of version 1")
    require(commit["kid"] == envelope["signatures"][0]["keyid"] == key["kid"], "another key")
    return payload, commit


def root_of(leaves):
    if len(leaves) == 1:
        return leaves[0]
    half = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\x01" + root_of(leaves[:half]) + root_of(leaves[half:])).digest()


def read_keys(path):
    text = path.read_bytes()
    ring = canonical(text.removesuffix(b"\n"))
    require(text.endswith(b"\n") and ring["v"] == 1 and ring["keys"], "keys.json: another version or empty")
    for key in ring["keys"]:
        raw = unbase64(key["public_key"])
        key["fingerprint"] = hashlib.sha256(raw).hexdigest()
        pem = base64.b64encode(bytes.fromhex("302a300506032b6570032100") + raw).decode()
        require(key["algorithm"] == "ed25519" and key["kid"] == f"ed25519:{key['fingerprint'][:8]}" and
                key["status"] in ("active", "retired") and key["public_key_pem"] ==
                f"-----BEGIN PUBLIC KEY-----\n{pem}\n-----END PUBLIC KEY-----\n", "keys.json: a key is wrong")
        key.update(object=Ed25519PublicKey.from_public_bytes(raw), first=None, last=None, named=set())
    return {key["kid"]: key for key in ring["keys"]}


def check_record(line, sequence, log, key):
    """Leaf and HMAC text of one record; notes what its key says of other keys."""
    record = canonical(line)
    require(record["sequence"] == str(sequence), f"record {record['sequence']} stands where {sequence} must")
    payload = unbase64(record["payload"])
    body = canonical(payload)
    mac = record["signature"] or ""
    require(body["log"] == log and body["v"] == 1, f"record {sequence}: of another log or version")
    require(mac.split(":")[:2] == ["v1", body["key_id"]] if mac else body.get("unsigned") is True,
            f"record {sequence}: the HMAC is not the one that the payload names")
    if body["type"] == "key_event" and body["public_key"]:
        key["named"].add(hashlib.sha256(bytes.fromhex(body["public_key"])).hexdigest())
    return hashlib.sha256(b"\x00" + sequence.to_bytes(8, "big") + payload).digest(), mac


def verify(folder, trusted):
    keys = read_keys(folder / "keys.json")
    records = iter((folder / "records.jsonl").read_bytes().split(b"\n"))
    *commits, end = (folder / "commits.jsonl").read_bytes().split(b"\n")
    require(not end and commits, "commits.jsonl is empty or cut off")
    log = previous = following = None
    ends = {}
    for line in commits:
        envelope = canonical(line)
        key = keys[envelope["signatures"][0]["keyid"]]
        payload, commit = verify_signature(key, envelope)
        first, last = commit["first_seq"], commit["first_seq"] + commit["count"] - 1
        log = log or commit["log"]
        require(commit["log"] == log and commit["prev"] == (previous or commit["prev"]) and
                first >= (following or first), f"the chain is broken at record {first}")
        leaves, macs = zip(*(check_record(next(records, b""), n, log, key) for n in range(first, last + 1)))
        require(root_of(list(leaves)).hex() == commit["root"], f"records {first} to {last} are not what was signed")
        digest = hashlib.sha256("".join(mac + "\n" for mac in macs).encode()).hexdigest()
        require(commit.get("macs") == (digest if any(macs) else None), f"HMACs of {first} to {last} are wrong")
        key.update(first=key["first"] or first, last=last)
        previous, following, ends[last] = hashlib.sha256(payload).hexdigest(), last + 1, payload
    require(next(records, None) == b"" and next(records, None) is None, "records.jsonl: more than was signed")
    for file in sorted((folder / "checkpoints").glob("*.json")):
        envelope = canonical(file.read_bytes().removesuffix(b"\n"))
        payload, commit = verify_signature(keys[envelope["signatures"][0]["keyid"]], envelope)
        require(ends.get(commit["first_seq"] + commit["count"] - 1) == payload, f"{file.name} names another commit")
    order = list(keys.values())
    require(all(key["from_seq"] == str(key["first"]) for key in order) and order[-1]["to_seq"] == str(following - 1)
            and all(a["to_seq"] == str(int(b["from_seq"]) - 1) for a, b in zip(order, order[1:])), "keys.json: ranges")
    known = {key["fingerprint"] for key in order} & set(trusted)
    for _ in order:  # trust goes from key to key
        known |= {name for key in order if key["fingerprint"] in known for name in key["named"]}
    require(all(key["fingerprint"] in known for key in order), "self-consistent, but a key is not trusted")
    return f"valid: log {log}, {len(commits)} commits, up to record {following - 1}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--trust", action="append", default=[])
    options = parser.parse_args()
    try:
        print(verify(options.folder, [text.removeprefix("sha256:") for text in options.trust]))
    except OSError as error:
        sys.exit(print(f"unreadable: {error}") or 2)
    except (InvalidSignature, ValueError, KeyError, TypeError, AttributeError) as error:
        sys.exit(print(f"not valid: {error!r}") or 1)
