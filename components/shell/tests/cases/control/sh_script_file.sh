echo 'echo file $1' > s.sh; sh s.sh z
