comm <(printf 'a\nb\n') <(printf 'b\nc\n'); echo $?
