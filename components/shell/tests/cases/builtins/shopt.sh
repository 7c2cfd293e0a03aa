shopt -s nullglob; shopt -q nullglob && echo on; shopt -u nullglob; shopt -q nullglob || echo off; shopt nosuch 2>/dev/null; echo $?
