x=1; echo "a $x \$x \`b\` 'c' \\ \n"
