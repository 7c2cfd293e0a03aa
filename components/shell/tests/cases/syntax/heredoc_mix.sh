cat <<A; cat <<'B'
$((1+1)) `echo cmd` \$x
A
$((1+1)) \$x
B
