printf -v x '%05d' 42; echo $x; printf -v 'a[2]' '%s' y; echo ${a[2]} ${#a[@]}
