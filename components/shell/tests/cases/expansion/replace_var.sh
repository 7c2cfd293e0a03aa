x=hello; a=l; b=L; echo ${x/$a/$b} ${x//$a/$b}
