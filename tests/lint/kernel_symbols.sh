#!/usr/bin/env bash
# kernel_symbols.sh OBJECT…: fails when an object file that is compiled for one instruction set exports more than
# its own entry of the kernel table. A weak or global function in it, an inlined library function say, could
# become the one copy that the linker keeps for the whole program, and end it on processors without the
# instructions.
set -euo pipefail

[ $# -gt 0 ] || { echo "usage: $0 OBJECT…" >&2; exit 2; }

failed=0
for object in "$@"; do
  # Upper case letters but U are what other files can see; v, w, u (weak, unique) come in lower case.
  exported=$(nm --demangle --defined-only --format=posix "$object" |
    sed -nE 's/^(.*) ([A-TV-Zuvw]) [0-9a-f]+( [0-9a-f]+)?$/\2 \1/p')
  unexpected=$(grep -vE '^(T edgenext::kernels::[A-Za-z]+|[DR] edgenext::kernels::k[A-Za-z]+)(Scalar|Avx2|Avx512|Avx512Bf16)(\(.*)?$' \
    <<<"$exported" || true)
  count=$(grep -c . <<<"$exported" || true)
  if [ -n "$unexpected" ] || [ "$count" -ne 1 ]; then
    echo "$object exports $count symbols, expected its entry of the kernel table alone:" >&2
    echo "$exported" >&2
    failed=1
  fi
done
exit $failed
