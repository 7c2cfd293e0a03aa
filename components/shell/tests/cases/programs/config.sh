cat > conf <<'E'
# comment
key1=value one

key2 = two
E
while IFS='=' read -r k v; do k=${k%% *}; v=${v# }; case $k in ''|\#*) continue;; esac; echo "$k -> $v"; done < conf
