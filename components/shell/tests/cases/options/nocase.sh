shopt -s nocaseglob nocasematch
touch ABC
echo a*
[[ FOO == foo ]] && echo eq
case X in x) echo c;; esac
[[ ABC =~ b ]] && echo re
