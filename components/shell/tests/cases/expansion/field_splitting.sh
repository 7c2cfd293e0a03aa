x="a  b	c
d"; f() { echo $#; }; f $x; f "$x"; y=" lead trail "; f $y; echo [$y]
