a=1; echo {$a,2} {x,"y z"} \{a,b\} '{a,b}' {a} {} ${a}{b,c}
