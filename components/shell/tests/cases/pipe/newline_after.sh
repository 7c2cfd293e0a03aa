echo a |
cat |
tr a b
