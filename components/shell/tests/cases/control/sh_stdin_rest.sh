printf 'read x\nthe data\necho "got $x"\n' | sh
