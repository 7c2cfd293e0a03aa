mkdir d; pushd d > /dev/null; basename $PWD; popd > /dev/null; pwd | grep -q '/d$' || echo back
