printf '%b|' 'a\tb' '\x41' '\101' 'x\cy' z; echo
