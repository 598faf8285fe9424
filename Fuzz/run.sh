#!/bin/sh
# Builds every fuzz target and runs one after another: Fuzz/run.sh [SECONDS] [NAME...]
# 0 seconds: every input of the corpora once, and none that is made up.
# Exits with 1 where one has a finding, which is then left in fuzz/out/NAME.
set -u
cd "$(dirname "$0")/.."
seconds=${1:-60}
[ $# -gt 0 ] && shift
length=-max_total_time=$seconds
[ "$seconds" -eq 0 ] && length=-runs=0

export HELIOGRAPH_FUZZ=1
# The crash tracer of Swift waits for a terminal, and the runtime keeps what it once allocated.
export SWIFT_BACKTRACE=enable=no
export ASAN_OPTIONS="detect_leaks=0:${ASAN_OPTIONS:-}"

# libFuzzer without its own main: ours picks the target.
runtime=$(${SWIFT:-swift} -print-target-info | sed -n 's/.*"runtimeResourcePath" *: *"\(.*\)".*/\1/p')
fuzzer="$runtime/clang/lib/linux/libclang_rt.fuzzer_no_main-$(uname -m).a"

${SWIFT:-swift} build -c release --sanitize=address --scratch-path .build-fuzz --product fuzz \
    -Xlinker "$fuzzer" -Xlinker -lstdc++ || exit 2
binary=.build-fuzz/release/fuzz

status=0
for name in ${*:-$("$binary" list)}; do
    # Grown inputs stay out of git; those that are worth keeping are copied to Fuzz/corpus by hand.
    mkdir -p "fuzz/out/$name" "fuzz/out/corpus-$name" "Fuzz/corpus/$name"
    dictionary=
    [ -f "Fuzz/$name.dict" ] && dictionary="-dict=Fuzz/$name.dict"
    echo "== $name: $seconds seconds"
    # shellcheck disable=SC2086
    "$binary" "$name" "fuzz/out/corpus-$name" "Fuzz/corpus/$name" $dictionary "$length" \
        -timeout=10 -rss_limit_mb=2048 -max_len=8192 -print_final_stats=1 -artifact_prefix="fuzz/out/$name/" \
        >"fuzz/out/$name.log" 2>&1
    code=$?
    grep -E "^stat::(number_of_executed_units|average_exec_per_sec|peak_rss_mb)" "fuzz/out/$name.log"
    if [ $code -ne 0 ]; then
        echo "FINDING in $name:"
        tail -n 40 "fuzz/out/$name.log"
        status=1
    fi
done
exit $status
