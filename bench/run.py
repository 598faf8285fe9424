#!/usr/bin/env python3
"""Measures the release binary against nginx in the same run; prints a table and writes bench/out/latest.json."""

import argparse
import sys

import report
import rows
import servers

SUBJECTS = {"heliograph": servers.Heliograph, "nginx": servers.Nginx}


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="short rounds: a look, not a measurement")
    parser.add_argument("--only", metavar="GROUP", action="append", choices=rows.GROUPS, help="one of these groups")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of each side (5)")
    parser.add_argument("--seconds", type=int, default=4, help="length of a round (4)")
    parser.add_argument("--strict", action="store_true", help="fail when a goal is missed")
    parser.add_argument("--subject", choices=SUBJECTS, default="heliograph", help="nginx: check the harness itself")
    options = parser.parse_args()
    if options.quick:
        options.rounds = min(options.rounds, 2)
    return options


def main():
    options = parse_arguments()
    subject = SUBJECTS[options.subject]
    if subject is servers.Heliograph and not servers.BINARY.exists():
        sys.exit(f"{servers.BINARY} is missing; `make build` makes it")
    servers.raise_file_limit()
    results = []
    for name in options.only or rows.GROUPS:
        print(f"measuring {name} …", file=sys.stderr, flush=True)
        results += rows.GROUPS[name](subject, options)
    print(report.table(results))
    report.write_json(results, servers.ROOT / "bench/out/latest.json")
    if options.strict and any(row.passes is False for row in results):
        sys.exit(1)


if __name__ == "__main__":
    main()
