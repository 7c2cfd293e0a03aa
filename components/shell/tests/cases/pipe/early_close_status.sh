yes | head -1 > /dev/null; echo ${PIPESTATUS[@]}
