f=out; echo v > $f; cat "$f"; d=sub; mkdir $d; echo w > $d/x; cat sub/x
