f() { local x=1; unset x; echo "[${x-unset}]"; }
x=outer; f; echo $x
