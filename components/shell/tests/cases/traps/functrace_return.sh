set -T
trap 'echo ret' RETURN
f() { echo f; }
f
trap - RETURN
f
