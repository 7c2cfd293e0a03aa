a=1 b=2; echo $a$b; a=3 eval 'echo $a'; echo $a; x=$a$b y=x; echo $x$y; z= ; echo "[$z]"
