for i in 1 2 3; do for j in 1 2 3; do printf '%3d' $((i*j)); done; echo; done
