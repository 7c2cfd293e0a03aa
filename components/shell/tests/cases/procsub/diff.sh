sort -m <(printf 'a\nc\n') <(printf 'b\nd\n'); echo $?
