f() { local -n ref=$1; ref=changed; ref+=!; }
v=old; f v; echo $v
declare -n r=v; echo $r ${!r}; unset -n r; echo ${v}
