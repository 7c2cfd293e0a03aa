"""Writes the texts that the Python SDK's Image class makes into the directory given; run it in an empty directory.

The texts are committed: a newer SDK that writes something else shows in the difference.
"""

import pathlib
import sys

from daytona import Image

out = pathlib.Path(sys.argv[1])
pathlib.Path("src").mkdir(exist_ok=True)
pathlib.Path("src/a").write_text("x\n")
pathlib.Path("requirements.txt").write_text("six==1.16.0\n")
pathlib.Path("my file.txt").write_text("hi\n")
pathlib.Path("pyproject.toml").write_text(
    '[project]\nname = "x"\ndependencies = ["six>=1.0", "rich[jupyter]"]\n'
    '[project.optional-dependencies]\ndev = ["pytest<9"]\n'
)
pathlib.Path("own").write_text(
    "# a comment\nFROM debian:12 AS final\nCOPY src/ /app/src/\nCOPY ./requirements.txt \\\n     /app/\n"
)

images = {
    "base": Image.base("python:3.12-slim-bookworm"),
    "slim": Image.debian_slim("3.12"),
    "pip": Image.debian_slim("3.13").pip_install(
        "requests>=2", ["six", "rich[jupyter]"],
        find_links=["/wheels dir"], index_url="http://127.0.0.1:1/simple", extra_index_urls=["http://127.0.0.1:2/s"],
        pre=True, extra_options="--no-deps",
    ).pip_install(),
    "requirements": Image.base("sandbar-base").pip_install_from_requirements("requirements.txt"),
    "pyproject": Image.base("sandbar-base").pip_install_from_pyproject("pyproject.toml", ["dev"]),
    "files": Image.base("ubuntu:22.04")
    .add_local_file("my file.txt", "/home/daytona/")
    .add_local_dir("src", "/home/daytona/src"),
    "commands": Image.base("node:22").run_commands(
        "echo $HOME && ls -l | wc -l", ["bash", "-c", "echo it's \"quoted\" $PATH"], "cat <<< word"
    ),
    "settings": Image.base("alpine:3.20")
    .env({"PLAIN": "a", "BLANK": "a b", "QUOTE": "it's", "DOLLAR": "$HOME", "EMPTY": ""})
    .workdir("/home/daytona/my work")
    .entrypoint(["/bin/sh", "-c", "sleep infinity"])
    .cmd(["a", "b c"]),
    "dockerfile_commands": Image.base("sandbar-base").dockerfile_commands(
        ["COPY src /app", "RUN ls /app", 'ENV A=1 B="two words"', "USER daytona:daytona"], context_dir="."
    ),
    "own": Image.from_dockerfile("own"),
}
for name, image in images.items():
    (out / f"{name}.Dockerfile").write_text(image.dockerfile())
