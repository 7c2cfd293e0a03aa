read -r x < <(while :; do echo y; done)
echo $x
