FROM node:22
RUN echo $HOME && ls -l | wc -l
RUN "bash" "-c" "echo it\'s \\\"quoted\\\" $PATH"
RUN cat <<< word
