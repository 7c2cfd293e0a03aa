echo `echo \`echo deep\``
