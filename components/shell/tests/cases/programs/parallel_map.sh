work() { echo $(($1*$1)); }; for i in 1 2 3; do work $i > out.$i & done; wait; cat out.1 out.2 out.3
