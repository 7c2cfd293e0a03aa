printf 'sleep 0.1 &\nwait $!\necho $?\n' | sh
