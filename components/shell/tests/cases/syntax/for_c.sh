for ((i=0, j=10; i<3; i++, j--)); do echo $i $j; done; for ((;;)); do break; done; echo end
