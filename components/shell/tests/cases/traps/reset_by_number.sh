trap 'echo x' 2 15
trap 2 15
trap -p
echo ok
