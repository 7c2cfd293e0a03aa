#!/bin/bash
# Records what the machine's own bash prints and returns for each case: tests/cases/GROUP/NAME.sh gives NAME.out and
# NAME.code. Each case runs in an empty directory, with nothing on standard input and a small environment. Run it again
# after adding a case; an existing record that changes is a finding, not a nuisance.
set -eu
cd "$(dirname "$0")"
bash=$(command -v bash)
bin=$(mktemp -d)
printf '#!%s\nexec %s "$@"\n' "$bash" "$bash" > "$bin/sh"
chmod +x "$bin/sh"
for script in "$PWD"/cases/*/*.sh; do
    work=$(mktemp -d)
    code=0
    (cd "$work" && env -i PATH="$bin:/usr/bin:/bin" HOME=/ LC_ALL=C.UTF-8 \
        timeout 10 "$bash" "$script" > "${script%.sh}.out" 2> /dev/null < /dev/null) || code=$?
    echo "$code" > "${script%.sh}.code"
    rm -rf "$work"
done
rm -rf "$bin"
