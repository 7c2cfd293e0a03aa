f() { cat "$1"; }
f <(echo from function)
