unset x; f() { echo $#; }; f ${x:-a b c}; f "${x:-a b c}"; f ${x:-"a b" c}
