trap 'echo term' TERM
for i in 1 2 3; do echo $i; [ $i = 2 ] && kill -TERM $$; done
echo end
