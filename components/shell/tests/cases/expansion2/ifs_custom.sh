IFS=:; x='a::b:'; set -- $x; echo $#; for p in $x; do echo "<$p>"; done; IFS=' :'; y=' a : b '; set -- $y; echo $#
