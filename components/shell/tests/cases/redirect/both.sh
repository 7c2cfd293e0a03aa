sh -c 'echo out; echo err >&2' &> f; sort f; sh -c 'echo o2; echo e2 >&2' &>> f; sort f
