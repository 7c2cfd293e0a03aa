printf 'read a\nhello there\necho "got $a"\n' | sh
