type -t if cd ls nosuch; echo $?
f() { :; }; type -t f; type cd; type -a echo | head -1
