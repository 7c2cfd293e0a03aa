IFS=:; x=a:b::c:; f() { echo $#; for i; do echo "[$i]"; done; }; f $x
