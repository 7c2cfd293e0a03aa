trap 'echo outer; kill -USR2 $$; echo outer end' USR1
trap 'echo inner' USR2
kill -USR1 $$
echo done
