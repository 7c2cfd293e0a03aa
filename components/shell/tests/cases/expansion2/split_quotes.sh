x='a b  c'; set -- $x; echo $#; set -- "$x"; echo $#; set -- "$x"x$x; echo $# "$1" "$3"
