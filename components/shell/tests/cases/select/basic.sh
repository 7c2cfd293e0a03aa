PS3='? '
select x in red green blue; do echo "you chose $x ($REPLY)"; break; done <<< 2
