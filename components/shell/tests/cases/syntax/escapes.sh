echo \a \$x \\ "\$x \\ \a" 'x\y' a\ b
