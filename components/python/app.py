"""What componentize-py wraps: everything imported here is part of the memory image every run starts from."""

from sandbar_python import stdlib

stdlib.install()

from sandbar_python import preload, ssl_module  # noqa: E402  (the standard library must be in place first)

ssl_module.install()

preload.run()

from sandbar_python import adaptations, bridge, completions, image, installer, launcher, layout, libraries  # noqa: E402

layout.install()
bridge.install()
installer.keep()
completions.keep()
libraries.install()
adaptations.install()
stdlib.adopt_loaded_modules()

import wit_world.exports  # noqa: E402


class Run(wit_world.exports.Run):
    """wasi:cli/run: one whole run of the interpreter. It does not return; it exits."""

    def run(self) -> None:
        launcher.main()


image.settle()
