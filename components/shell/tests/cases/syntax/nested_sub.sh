echo $(echo $(echo $(echo deep))) `echo \`echo back\`` "$(echo "$(echo "q q")")"
