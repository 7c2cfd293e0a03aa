command echo a; echo() { printf 'fn\n'; }; command echo b; echo c; command -v cd; command -v nosuch; printf '%s\n' $?
