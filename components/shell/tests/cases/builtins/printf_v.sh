printf -v x '%03d' 5; echo $x
