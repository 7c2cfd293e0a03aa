printf 'set -e\nfalse\necho no\n' | sh; echo $?
