f() { local -a a=(1 2); a+=(3); echo ${a[@]}; }; a=(z); f; echo ${a[@]}
