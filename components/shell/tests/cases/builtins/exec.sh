sh -c 'exec echo replaced; echo no'; (exec sh -c 'exit 6'); echo $?; exec nosuch_zzz
