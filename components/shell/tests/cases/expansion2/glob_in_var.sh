touch f1 f2; g='f*'; echo $g "$g"; a=(f*); echo ${#a[@]}; for x in f?; do echo $x; done
