trap 'echo one' USR1; trap 'echo two' USR2
kill -USR1 $$; kill -USR2 $$; kill -s USR1 $$; kill -10 $$
