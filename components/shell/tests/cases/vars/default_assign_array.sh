unset a; echo ${a[3]:=x}; echo ${!a[@]}
