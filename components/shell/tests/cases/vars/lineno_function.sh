f() {
  echo $LINENO
}
f
echo $LINENO
echo ${BASH_LINENO[0]}
