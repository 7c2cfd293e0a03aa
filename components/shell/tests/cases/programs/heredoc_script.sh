cat > run.sh <<'E'
#!/bin/sh
name=${1:-world}
echo "hello $name"
E
chmod +x run.sh; ./run.sh; ./run.sh bob
