shopt -s nullglob
echo x*y z
shopt -u nullglob
shopt -s failglob
echo x*y; echo $?
