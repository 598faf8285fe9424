#!/usr/bin/env python3
"""Signs requests to Heliograph, and verifies signatures; docs/signing.md says how they are made.

    python3 signing.py check signing.md    holds the test vectors of the document against this program
    python3 signing.py sign KEY_ID METHOD TARGET [BODY_FILE] < SECRET    prints the Authorization field

Needs nothing but Python 3.8. The secret comes from the standard input, so that no list of processes shows it.
"""

import hashlib
import hmac
import json
import re
import secrets
import sys
import time

SCHEME = "HELIOGRAPH-HMAC-SHA256"
WINDOW_SECONDS = 300


def canonical(method, target, body, timestamp, nonce):
    """What is signed. `target` is path and query exactly as in the request line."""
    path, _, query = target.partition("?")
    digest = hashlib.sha256(body).hexdigest()
    return "\n".join([SCHEME, str(timestamp), nonce, method, path, query, digest]).encode("utf-8")


def signature(secret, method, target, body, timestamp, nonce):
    """The signature, in lowercase hexadecimal digits."""
    return hmac.new(secret, canonical(method, target, body, timestamp, nonce), hashlib.sha256).hexdigest()


def authorization(key_id, secret, method, target, body=b"", timestamp=None, nonce=None):
    """The value of the Authorization field."""
    timestamp = int(time.time()) if timestamp is None else timestamp
    nonce = nonce or secrets.token_urlsafe(18)
    signed = signature(secret, method, target, body, timestamp, nonce)
    return f"{SCHEME} key={key_id}, timestamp={timestamp}, nonce={nonce}, signature={signed}"


def verify(field, secret, method, target, body, now=None):
    """Whether the field is a signature of this request; remembering nonces is left to the caller."""
    match = re.fullmatch(
        SCHEME + r" key=[\w-]{1,128}, timestamp=(0|[1-9]\d*), nonce=([\w-]{16,64}), signature=([0-9a-f]{64})",
        field, re.ASCII)
    if not match:
        return False
    timestamp, nonce, signed = int(match[1]), match[2], match[3]
    if abs((time.time() if now is None else now) - timestamp) > WINDOW_SECONDS:
        return False
    return hmac.compare_digest(signed, signature(secret, method, target, body, timestamp, nonce))


def vectors(document):
    """The JSON block of the document."""
    with open(document, encoding="utf-8") as file:
        return json.loads(re.search(r"```json\n(.*?)```", file.read(), re.DOTALL)[1])


def check(document):
    """Exits with 1 where a vector of the document does not come out."""
    wrong = 0
    found = vectors(document)
    for vector in found:
        secret, body = bytes.fromhex(vector["secret"]), vector["body"].encode("utf-8")
        request = (vector["method"], vector["target"], body)
        text = canonical(*request, vector["timestamp"], vector["nonce"])
        field = authorization("key", secret, *request, vector["timestamp"], vector["nonce"])
        good = (
            hashlib.sha256(text).hexdigest() == vector["canonical_sha256"]
            and field.endswith("signature=" + vector["signature"])
            and verify(field, secret, *request, now=vector["timestamp"] + WINDOW_SECONDS)
            and not verify(field, secret, *request, now=vector["timestamp"] + WINDOW_SECONDS + 1)
            and not verify(field, secret, vector["method"], vector["target"] + "&", body, now=vector["timestamp"])
            and not verify(field, secret, vector["method"], vector["target"], body + b" ", now=vector["timestamp"])
        )
        wrong += not good
        print(f"{'ok' if good else 'WRONG'}: {vector['name']}")
    sys.exit(1 if wrong or not found else 0)


if __name__ == "__main__":
    if len(sys.argv) == 3 and sys.argv[1] == "check":
        check(sys.argv[2])
    if len(sys.argv) in (5, 6) and sys.argv[1] == "sign":
        payload = open(sys.argv[5], "rb").read() if len(sys.argv) == 6 else b""
        key = sys.stdin.readline().rstrip("\n").encode("utf-8")
        print(authorization(sys.argv[2], key, sys.argv[3], sys.argv[4], payload))
        sys.exit(0)
    sys.exit(__doc__)
