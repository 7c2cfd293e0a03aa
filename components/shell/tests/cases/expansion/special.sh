set -- a b c; echo $# $* $@ "$*" "$@"; false; echo $?; true; echo $?
