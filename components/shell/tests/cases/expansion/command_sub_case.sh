x=$(case a in a) echo yes;; b) echo no;; esac); echo $x
