sh -c 'echo e >&2' |& cat
