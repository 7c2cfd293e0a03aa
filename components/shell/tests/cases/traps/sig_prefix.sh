trap 'echo t' SIGTERM
kill -SIGTERM $$
trap 'echo i' sigint
kill -s int $$
