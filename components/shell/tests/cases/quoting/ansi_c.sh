echo $'a\tb\nc\x41\101\u00e9\'q\\'
