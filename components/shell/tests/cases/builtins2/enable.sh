enable -n echo 2>/dev/null; enable echo; echo ok
