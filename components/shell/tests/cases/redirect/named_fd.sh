exec {fd}> f; echo hi >&$fd; exec {fd}>&-; cat f
