s=a:b:c; IFS=: read -ra parts <<< "$s"; for p in "${parts[@]}"; do echo "$p"; done; echo "${s//:/ }"
