set -o posix; [[ -o posix ]] && echo on
set +o posix; [[ -o posix ]] || echo off
