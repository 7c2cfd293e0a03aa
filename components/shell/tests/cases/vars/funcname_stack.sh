a() { b; }; b() { echo "${FUNCNAME[@]}"; }
a
