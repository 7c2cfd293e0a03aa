f() { echo out; echo err >&2; } 2>/dev/null; f
