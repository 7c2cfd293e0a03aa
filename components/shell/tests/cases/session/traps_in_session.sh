printf 'trap "echo bye" EXIT\necho hi\n' | sh
