kill -l 9; kill -l TERM; kill -l 137
