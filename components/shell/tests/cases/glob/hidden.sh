touch .h v; echo * .*h; shopt -s dotglob; echo *
