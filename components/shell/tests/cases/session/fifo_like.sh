printf 'x=1\necho $x\nx=$((x+1))\necho $x\ncd /\npwd\nexit 4\necho no\n' | sh; echo $?
