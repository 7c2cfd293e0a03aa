trap 'echo err' ERR
f() { false; echo in; }
f
echo --
set -E
f
