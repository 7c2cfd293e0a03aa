binding.print(1, 'hello ' + binding.argv.join(',') + '\n'); binding.exit(3);
