FROM sandbar-base
RUN python -m pip install 'pytest<9' 'rich[jupyter]' 'six>=1.0'
