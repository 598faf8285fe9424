#!/usr/bin/env bash
# Runs one command under the thread sanitizer, and shows its reports last: otherwise they drown in what tests print.
#
# The sanitizer's own runtime dies now and then, within its bookkeeping of locks (frames of __tsan on top of the stack, seen
# with Swift 6.3.1 below OpenSSL). That says nothing about the program, so the command is run again, twice at most. A race
# that was reported, a failed test, and a crash anywhere else count at once.
set -uo pipefail
reports=$1
shift
for attempt in 1 2 3; do
    rm -f "$reports".*
    "$@" && exit 0
    cat "$reports".* 2>/dev/null | head -n 60 | cut -c1-200
    died=$(cat "$reports".* 2>/dev/null | grep -A 2 -m 1 "ERROR: ThreadSanitizer: SEGV" | wc -l)
    within=$(cat "$reports".* 2>/dev/null | grep -A 6 -m 1 "ERROR: ThreadSanitizer: SEGV" | grep -c "#0 .*__tsan")
    races=$(cat "$reports".* 2>/dev/null | grep -c "WARNING: ThreadSanitizer")
    [ "$died" -gt 0 ] && [ "$within" -gt 0 ] && [ "$races" -eq 0 ] || exit 1
    echo "the thread sanitizer itself died (attempt $attempt of 3)" >&2
done
exit 1
