echo before; echo ${x?}; echo not reached
