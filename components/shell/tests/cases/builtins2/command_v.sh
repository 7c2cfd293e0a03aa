command -v cd; command -v if; command -v nosuch; echo $?; f() { :; }; command -v f; command -V cd
