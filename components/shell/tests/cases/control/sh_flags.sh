sh -e -c 'false; echo no'; echo $?; sh -ec 'echo a'; sh -u -c 'echo $nope' 2>/dev/null; [ $? -ne 0 ] && echo failed
