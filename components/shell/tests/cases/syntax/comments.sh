echo a # comment
echo b#c # d
# whole
echo "x # y" ${#} # end
