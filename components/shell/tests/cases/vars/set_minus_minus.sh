set -- a "b c" d; echo $# "$2"; set -- ; echo $#; set - x y; echo $*
