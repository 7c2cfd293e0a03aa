t=tmp.$$; trap 'rm -f $t; echo cleaned' EXIT; echo x > $t; [ -f $t ] && echo there
