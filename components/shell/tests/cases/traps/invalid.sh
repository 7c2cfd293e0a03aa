trap 'echo x' NOSUCH
echo $?
