x=1; f() { local x; echo "[${x-unset}]"; x=2; g; }; g() { echo $x; }; f; echo $x
