#!/usr/bin/env python3
"""Makes the error codes of the server and their documentation from docs/errors.json.

Without arguments the files are written; with --check they are compared, and any difference is an error.
"""

import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "docs/errors.json"
SWIFT = ROOT / "Sources/HTTPServer/Generated/ErrorCode.swift"
MARKDOWN = ROOT / "docs/errors.md"

FIELDS = {"code": str, "status": int, "title": str, "meaning": str, "retry": bool}
# Names that Swift keeps for itself.
RESERVED = {"internal": "internalError"}
# Words that are written in capitals where they do not come first.
ACRONYMS = {"json": "JSON"}


def read():
    """The codes, or an exit that names everything that is wrong with them."""
    codes = json.loads(SOURCE.read_text(encoding="utf-8"))
    faults, seen = [], set()
    for number, code in enumerate(codes):
        name = code.get("code", f"entry {number}")
        if list(code) != list(FIELDS):
            faults.append(f"{name}: wants exactly {', '.join(FIELDS)}, in this order")
            continue
        faults += [
            f"{name}: {field} must be {kind.__name__}"
            for field, kind in FIELDS.items()
            if type(code[field]) is not kind
        ]
        if not re.fullmatch(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*", str(name)):
            faults.append(f"{name}: codes are written in UPPER_SNAKE")
        if not 400 <= code["status"] <= 599:
            faults.append(f"{name}: the status of an error lies from 400 to 599")
        if not code["title"] or not code["meaning"] or re.search(r'["\\\n|]', code["title"] + code["meaning"]):
            faults.append(f"{name}: title and meaning are plain text in one line")
        if name in seen:
            faults.append(f"{name}: is there twice")
        seen.add(name)
    if [c["status"] for c in codes if "status" in c] != sorted(c["status"] for c in codes if "status" in c):
        faults.append("the codes are ordered by their status")
    if faults:
        sys.exit("\n".join(f"docs/errors.json: {fault}" for fault in faults))
    return codes


def case(code):
    """The name of the code in Swift."""
    head, *tail = code["code"].lower().split("_")
    name = head + "".join(ACRONYMS.get(word, word.capitalize()) for word in tail)
    return RESERVED.get(name, name)


def switch(codes, name, kind, summary, value):
    """A property that answers by a switch, cases with the same answer in one line."""
    groups = {}
    for code in codes:
        groups.setdefault(value(code), []).append(f".{case(code)}")
    lines = [f"    /// {summary}", f"    public var {name}: {kind} {{", "        switch self {"]
    for answer, cases in groups.items():
        line = f"        case {', '.join(cases)}: {answer}"
        if len(line) > 110:
            line = "        case " + ",\n            ".join(wrap(cases)) + f":\n            {answer}"
        lines.append(line)
    return lines + ["        }", "    }"]


def wrap(cases):
    """The cases in lines of at most 100 characters."""
    lines = [""]
    for name in cases:
        joined = f"{lines[-1]}, {name}" if lines[-1] else name
        if len(joined) > 90:
            lines.append(name)
        else:
            lines[-1] = joined
    return lines


def swift(codes):
    lines = [
        "// Made by Tools/errors/generate.py from docs/errors.json; change that file.",
        "",
        "/// The stable codes of the errors that clients see; `docs/errors.md` describes them.",
        "public enum ErrorCode: String, Sendable, CaseIterable {",
    ]
    for code in codes:
        lines += [f"    /// {code['title']}.", f"    case {case(code)} = \"{code['code']}\""]
    lines.append("")
    lines += switch(codes, "status", "Int", "The status of HTTP that goes with the code.", lambda c: str(c["status"]))
    lines.append("")
    lines += switch(codes, "title", "String", "The code in words.", lambda c: f"\"{c['title']}\"")
    lines.append("")
    summary = "Whether the same request may succeed when it is sent again later."
    lines += switch(codes, "isRetryable", "Bool", summary, lambda c: str(c["retry"]).lower())
    return "\n".join(lines + ["}", ""])


def markdown(codes):
    lines = [
        "# Error codes",
        "",
        "<!-- Made by Tools/errors/generate.py from errors.json; change that file. -->",
        "",
        "Every error is answered as",
        "",
        "```json",
        '{"success": false, "error": {"code": "RATE_LIMITED", "message": "Too many requests", "details": {}}}',
        "```",
        "",
        "`code` is stable: programs may rely on it. `message` is for people and may change. *Again* says whether the",
        "same request may succeed when it is sent again later.",
        "",
        "| Code | Status | Title | Meaning | Again |",
        "|---|--:|---|---|---|",
    ]
    for code in codes:
        again = "yes" if code["retry"] else "no"
        lines.append(f"| `{code['code']}` | {code['status']} | {code['title']} | {code['meaning']} | {again} |")
    return "\n".join(lines + [""])


def main(arguments):
    if arguments not in ([], ["--check"]):
        sys.exit(__doc__)
    codes = read()
    stale = []
    for path, text in ((SWIFT, swift(codes)), (MARKDOWN, markdown(codes))):
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(path.relative_to(ROOT))
        if not arguments:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            print(f"wrote {path.relative_to(ROOT)}")
    if arguments and stale:
        sys.exit("\n".join(f"{path} is not what docs/errors.json says; run Tools/errors/generate.py" for path in stale))


if __name__ == "__main__":
    main(sys.argv[1:])
