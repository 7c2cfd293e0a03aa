x=; [ -v x ] && echo set; [ -v nope ] || echo unset
