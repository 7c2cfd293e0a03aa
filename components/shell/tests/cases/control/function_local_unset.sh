f() { local x; echo "[${x-unset}]"; x=1; }; x=0; f; echo $x
