mkdir a b c; cd a; pushd ../b >/dev/null; pushd ../c >/dev/null; pushd +1 >/dev/null; basename $PWD; pushd >/dev/null; basename $PWD; dirs -p | wc -l; popd +0 >/dev/null; basename $PWD
