yes | head -2; while :; do echo z; done | head -1; echo ok
