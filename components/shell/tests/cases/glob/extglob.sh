shopt -s extglob
touch a.c a.h b.c b.txt
echo *.@(c|h) !(*.c) a.?(c) +(a|b).txt
