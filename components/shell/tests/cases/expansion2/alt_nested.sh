x=; echo ${x:-${y:-deep}} ${x:+no}. ${x-set}. "${y-"q q"}" ${y:-'s s'}
