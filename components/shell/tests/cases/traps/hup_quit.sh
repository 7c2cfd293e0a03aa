trap 'echo h' HUP; trap 'echo q' QUIT
kill -HUP $$; kill -QUIT $$; echo done
