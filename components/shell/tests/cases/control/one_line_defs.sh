f(){ echo f;};f;if :;then f;fi
