mkdir -p a/b; cd a/b; basename $PWD; cd ..; basename $(pwd); cd - > /dev/null; basename $PWD; cd ../..; cd a && basename "$OLDPWD" > /dev/null; echo $?; cd nosuch; echo $?
