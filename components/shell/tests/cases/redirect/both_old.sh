sh -c 'echo out; echo err >&2' >& f; sort f
