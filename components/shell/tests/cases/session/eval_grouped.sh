printf '{ echo one; } > o 2> e\ncat o\n{ . ./c.sh; } 2>/dev/null\necho $?\n' | sh
