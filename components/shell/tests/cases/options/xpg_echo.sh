shopt -s xpg_echo
echo 'a\tb'
