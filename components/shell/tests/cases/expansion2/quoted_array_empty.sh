a=(); set -- "${a[@]}"; echo $#; set -- "${a[*]}"; echo $#; a=('' x); set -- "${a[@]}"; echo $#
