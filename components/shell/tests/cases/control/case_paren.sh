case x in (x) echo p;; esac; case y in (a|y) echo q; esac
