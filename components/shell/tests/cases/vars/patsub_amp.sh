x=hello; echo ${x/l/[&]} ${x//l/<&&>} ${x/l/\&}
