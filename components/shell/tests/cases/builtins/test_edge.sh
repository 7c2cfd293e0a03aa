[ ]; echo $?; [ ! ]; echo $?; [ -n ]; echo $?; [ = = = ] && echo eq; x='!'; [ "$x" = '!' ] && echo bang; [ a b ] 2>/dev/null; echo $?
