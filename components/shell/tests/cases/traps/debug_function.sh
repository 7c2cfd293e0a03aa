f() { echo in; }
trap 'echo dbg' DEBUG
f
trap - DEBUG
