has() { local n=$1; shift; for e; do [[ $e == "$n" ]] && return 0; done; return 1; }; a=(x "y z"); has "y z" "${a[@]}" && echo yes; has q "${a[@]}" || echo no
