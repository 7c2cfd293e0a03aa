for i in 1 2 3; do echo "v=$i; w=\$((\${w:-0}+v))" > c.sh; . ./c.sh; done; echo $v $w
