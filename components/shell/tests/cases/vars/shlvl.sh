sh -c 'echo $SHLVL'
