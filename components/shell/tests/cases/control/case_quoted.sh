v='*'; case abc in "$v") echo lit;; $v) echo pat;; esac
