mkdir src; for n in 1 2 3; do echo "file $n" > src/f$n.txt; done; for f in src/*.txt; do b=$(basename "$f" .txt); echo "$b: $(cat "$f")"; done
