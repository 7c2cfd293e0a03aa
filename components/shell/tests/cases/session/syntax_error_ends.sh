printf 'echo a\nif true; fi\necho b\n' | sh 2>/dev/null; echo $?
