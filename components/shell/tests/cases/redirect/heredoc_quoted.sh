x=1; cat <<'EOF'
a $x $(echo b) \$x
EOF
cat <<\E
$y
E
