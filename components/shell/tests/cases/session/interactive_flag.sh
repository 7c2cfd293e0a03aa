PS1='\w> ' sh -i < /dev/null 2>/dev/null; echo done
