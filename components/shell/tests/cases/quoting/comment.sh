echo a # comment 'unclosed
echo b#notcomment
# whole line
echo c
