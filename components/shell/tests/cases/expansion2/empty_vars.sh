set -- ; x=; set -- $x "$x" ''; echo $#; set -- "$@" ${nope+x} ${x:+y}; echo $#
