x=1; cat <<EOF
a $x $(echo b) \$x `echo c` "q" 'r' \\ $((1+1))
EOF
