[ -n "$BASH_VERSION" ] && echo version
[ "${BASH_VERSINFO[0]}" -ge 5 ] && echo five
echo $BASH_SUBSHELL; (echo $BASH_SUBSHELL)
[ -n "$UID" ] && [ -n "$PPID" ] && echo ids
