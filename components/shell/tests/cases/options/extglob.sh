shopt -s extglob
touch a.c b.h c.o
echo !(*.o) @(a|b).* +([a-c]).c ?(x)a.c
case foobar in foo*(x)bar) echo m;; esac
