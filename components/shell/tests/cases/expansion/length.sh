x=hello; y=héllo; set -- a b c; echo ${#x} ${#y} ${#} ${#@} ${#*} ${#nope}
