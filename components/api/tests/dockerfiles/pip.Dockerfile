FROM python:3.13.3-slim-bookworm
RUN apt-get update
RUN apt-get install -y gcc gfortran build-essential
RUN pip install --upgrade pip
RUN echo 'debconf debconf/frontend select Noninteractive' | debconf-set-selections
RUN python -m pip install 'requests>=2' 'rich[jupyter]' six --find-links '/wheels dir' --index-url http://127.0.0.1:1/simple --extra-index-url http://127.0.0.1:2/s --pre --no-deps
