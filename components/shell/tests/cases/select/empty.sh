select x in; do echo no; done; echo $?
