nosuchcommand_x; echo $?; nosuchcommand_x 2>/dev/null || echo failed
