printf 'cat <<E\nline $((1+1))\nE\necho end\n' | sh
