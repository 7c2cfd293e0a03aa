set -- a b; echo $# $1 ${2} $* $@ $? ; echo "$@" "$*"; [ -n "$$" ] && echo pid; false; echo $?
