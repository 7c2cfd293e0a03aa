printf 'x\ny\n' | tee >(wc -l > n) > /dev/null; sleep 0.3; cat n
