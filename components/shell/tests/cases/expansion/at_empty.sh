set --; f() { echo $#; }; f "$@"; f "$*"; f $@ ; f "a$@"
