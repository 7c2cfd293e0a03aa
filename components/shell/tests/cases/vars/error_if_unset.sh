(echo ${nope?custom message}) 2>&1 | sed 's/.*nope/nope/'; (: ${nope:?}) 2>/dev/null; echo $?
