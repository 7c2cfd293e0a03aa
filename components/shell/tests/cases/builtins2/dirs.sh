mkdir -p a b; cd a; pushd ../b > /dev/null; dirs | sed "s|$(dirname $PWD)||g"; popd > /dev/null; basename $PWD; dirs -c; popd; echo $?
