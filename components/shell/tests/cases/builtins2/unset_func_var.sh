f() { :; }; f=1; unset f; type -t f; unset -f f; type -t f; echo $?
