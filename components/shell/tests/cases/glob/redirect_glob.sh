echo hi > out1; cat < out*
