cmd_start() { echo starting; }; cmd_stop() { echo stopping; }; for c in start stop bogus; do if declare -F cmd_$c > /dev/null; then cmd_$c; else echo "no $c"; fi; done
