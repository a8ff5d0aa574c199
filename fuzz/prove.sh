#!/usr/bin/env bash
# Proves that each target can find a fault: fuzz/prove.sh CARGO_FUZZ SECONDS TARGET...
# Plants the fault of fuzz/proofs/TARGET.patch in a copy of the tree, fuzzes that, and fails unless a crash is found in time.
set -euo pipefail
cd "$(dirname "$0")/.."
fuzz=$(realpath "$1") seconds=$2
shift 2
export CARGO_TARGET_DIR=$PWD/fuzz/target RUSTC_BOOTSTRAP=1
copy=fuzz/target/proof

for target in "$@"; do
  rm -rf "$copy"
  mkdir -p "$copy"
  git ls-files -z --cached --others --exclude-standard | xargs -0 cp --parents -t "$copy"
  patch --quiet --directory "$copy" --strip 1 < "fuzz/proofs/$target.patch"
  (cd "$copy" && "$fuzz" build --sanitizer none "$target")
  log=$copy/$target.log
  "$copy/fuzz/run.sh" "$fuzz" "$seconds" "$target" > "$log" 2>&1 || true
  if compgen -G "$copy/fuzz/artifacts/$target/crash-*" > /dev/null; then
    printf '%s: found. %s\n' "$target" "$(grep -m 1 -A 1 'panicked at' "$log" | tr '\n' ' ')"
  else
    printf '%s: the planted fault was not found within %s seconds; the end of the log:\n' "$target" "$seconds" >&2
    tail -n 20 "$log" >&2
    exit 1
  fi
done
rm -rf "$copy"
