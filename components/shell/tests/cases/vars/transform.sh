x="it's a \"test\""
echo ${x@Q} ; y=abc; echo ${y@U} ${y@u} ${y@a}
declare -i n=5; echo ${n@A} ${n@a}
a=(1 'b c'); echo "${a[@]@Q}"; echo "${a[@]@A}"
echo ${y@L}; z='a\tb'; echo "${z@E}"
