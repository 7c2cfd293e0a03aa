case "" in "") echo empty;; esac; case x in y) ;; esac; echo $?
