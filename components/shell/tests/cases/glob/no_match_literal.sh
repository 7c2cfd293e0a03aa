echo no*such [abc]zzz? x
