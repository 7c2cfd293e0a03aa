a=(one three); echo ${#a[0]} ${#a[1]} ${#a}
