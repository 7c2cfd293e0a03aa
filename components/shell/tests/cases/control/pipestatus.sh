(exit 1) | (exit 2) | true; echo ${PIPESTATUS[@]}; true; echo ${PIPESTATUS[0]}
