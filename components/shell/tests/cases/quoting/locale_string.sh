echo $"hello"
