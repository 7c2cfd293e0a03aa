printf '#!/bin/sh\necho "hi $1"; exit 4\n' > s; chmod +x s; ./s you; echo $?
