f() { echo ${FUNCNAME[0]}; }; f
