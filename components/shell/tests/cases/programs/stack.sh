push() { st+=("$1"); }; pop() { r=${st[-1]}; unset 'st[-1]'; }; push a; push b; pop; echo $r ${#st[@]}
