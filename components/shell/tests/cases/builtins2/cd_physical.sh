mkdir real; ln -s real link; cd link; basename $PWD; basename $(pwd -P); cd -P ../link; basename $PWD
