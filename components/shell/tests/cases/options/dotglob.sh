touch .a b
shopt -s dotglob
echo *
