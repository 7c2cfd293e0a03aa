x="a b'c"; echo ${x@Q}; y='a\tb'; echo "${y@E}"; z=abc; echo ${z@U} ${z@u}; declare -i n=3; echo ${n@a}
