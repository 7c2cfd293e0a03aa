sh -c 'echo out; echo err >&2' 2> e; echo --; cat e
