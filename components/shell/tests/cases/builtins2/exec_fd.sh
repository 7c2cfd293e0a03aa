exec 3> f; echo x >&3; exec 3>&-; cat f; exec 4< f; read l <&4; echo $l
