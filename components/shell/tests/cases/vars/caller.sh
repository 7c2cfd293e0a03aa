f() { caller 0 | cut -d' ' -f1,2; caller | cut -d' ' -f1; }
g() { f; }
g
caller; echo $?
