#!/usr/bin/env bash
# Fuzzes each target for some seconds: fuzz/run.sh CARGO_FUZZ SECONDS TARGET...
# Stops at the first crash; its input is then in fuzz/artifacts. What is learnt stays in fuzz/corpus, which begins with the samples.
set -euo pipefail
cd "$(dirname "$0")/.."
fuzz=$1 seconds=$2
shift 2

# The compiler of the project, allowed the flags that count coverage. Code without `unsafe` needs no address sanitizer.
export RUSTC_BOOTSTRAP=1

seeds() {
  case $1 in
    event) ls events/*.json fuzz/seeds/event/* ;;
    kpl) ls tests/vectors/kpl-*.bin ;;
    compression) ls tests/vectors/*.{gz,zlib,zst} ;;
    mapping) ls src/mapping/*.json fuzz/seeds/mapping/* ;;
    template) ls fuzz/seeds/template/* ;;
  esac
}

for target in "$@"; do
  corpus=fuzz/corpus/$target
  mkdir -p "$corpus"
  cp $(seeds "$target") "$corpus"
  "$fuzz" run --sanitizer none "$target" "$corpus" -- \
    -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 -dict=fuzz/words.dict -verbosity=0 -print_final_stats=1
done
