set -- one two
select x; do echo $x; break; done <<< 1
