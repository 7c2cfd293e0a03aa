f() { echo $#; }; f '' "" x; f $nope; f "$nope"
