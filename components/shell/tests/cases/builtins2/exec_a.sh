(exec -a name sh -c 'echo $0')
