touch a1 b1; p='a*'; echo $p "$p"
