case x in x) false;; esac; echo $?
