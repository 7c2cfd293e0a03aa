s=naïve; echo ${#s} ${s:2:1} ${s^^}; for ((i=0;i<${#s};i++)); do printf '%s.' "${s:i:1}"; done; echo
