x=2; if [ $x = 1 ]; then echo a; elif [ $x = 2 ]; then echo b; else echo c; fi
