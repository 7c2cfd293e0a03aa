x=abc; y=${x/${x:1:1}/[${x#a}]}; echo $y
