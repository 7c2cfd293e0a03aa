set -- a b c; echo ${#} ${#@} ${#*}; x=äöü; echo ${#x}
