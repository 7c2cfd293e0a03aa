a=(
  one   # comment
  two
)
echo ${#a[@]} ${a[1]}
