trap 'echo "it'"'"'s"' USR1
trap -p USR1
trap -p INT
echo end
