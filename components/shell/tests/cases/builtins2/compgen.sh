compgen -A builtin ec; compgen -W 'apple banana avocado' a
