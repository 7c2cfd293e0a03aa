{ echo out; echo err >&2; } > f 2>&1; cat f; { echo o; echo e >&2; } 2>&1 > /dev/null
