type -t echo cd if cat; f() { :; }; type -t f; type -t nosuch; echo $?
