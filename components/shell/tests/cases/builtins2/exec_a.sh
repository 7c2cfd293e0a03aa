(exec -a name bash -c 'echo $0')
