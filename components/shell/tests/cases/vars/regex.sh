[[ "key=val" =~ ^([a-z]+)=(.*)$ ]] && echo ${BASH_REMATCH[1]} ${BASH_REMATCH[2]} ${#BASH_REMATCH[@]}
[[ abc =~ x ]]; echo $? "${BASH_REMATCH[0]}"
re='([0-9]+)-([0-9]+)'; [[ "a 12-34 b" =~ $re ]]; echo "${BASH_REMATCH[0]}"
