for ((n=2; n<30; n++)); do p=1; for ((d=2; d*d<=n; d++)); do if ((n%d==0)); then p=0; break; fi; done; ((p)) && printf '%d ' $n; done; echo
