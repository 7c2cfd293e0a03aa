a=(foo.c bar.c); echo ${a[@]%.c} ${a[@]/o/0} ${a[@]^} ${a[@]#f}
