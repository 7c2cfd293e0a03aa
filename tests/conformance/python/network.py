"""The way out, changed while the sandbox runs; `MIRROR` is an address that the operator opened, and serves "mirror"."""

import os
import time

from daytona import CreateSandboxFromSnapshotParams, Daytona
import daytona as package

mirror, closed = os.environ["MIRROR"], os.environ["CLOSED"]
daytona = Daytona()
sandbox = daytona.create(CreateSandboxFromSnapshotParams(target="us"))
ASK = "curl -s -S -m 10 http://{}/ 2>&1"


def inside(address):
    answer = sandbox.process.exec(ASK.format(address))
    return answer.exit_code, answer.result


def becomes(reached):
    """A change is on its way to the sandbox when the call returns; it is there within seconds."""
    begun = time.monotonic()
    while (inside(mirror) == (0, "mirror")) != reached:
        assert time.monotonic() - begun < 10, inside(mirror)
        time.sleep(0.1)


try:
    assert inside(mirror) == (0, "mirror"), inside(mirror)
    code, text = inside(closed)
    assert code != 0 and text, (code, text)

    sandbox.update_network_settings(network_block_all=True)
    assert sandbox.network_block_all
    becomes(False)
    asked = sandbox.process.code_run(
        "import urllib.request\n"
        f"try: print(urllib.request.urlopen('http://{mirror}/', timeout=10).read())\n"
        "except OSError as error: print('no:', error)"
    )
    # Beside what the program prints stands why it was refused.
    assert any(line.startswith("no:") for line in asked.result.splitlines()), asked

    sandbox.update_network_settings(network_block_all=False)
    becomes(True)
    sandbox.update_network_settings(network_allow_list="198.51.100.0/24")
    assert sandbox.network_allow_list == "198.51.100.0/24"
    becomes(False)
    sandbox.update_network_settings(network_allow_list="127.0.0.0/8")
    becomes(True)
    sandbox.update_network_settings(network_block_all=False)

    try:
        sandbox.update_network_settings(network_allow_list="not a network")
        raise AssertionError("nonsense was accepted")
    except package.DaytonaBadRequestError:
        pass

    # Settings of the start hold, and outlive a stop.
    shut = daytona.create(CreateSandboxFromSnapshotParams(target="us", network_block_all=True))
    for _ in range(2):
        assert shut.process.exec(ASK.format(mirror)).exit_code != 0
        shut.stop()
        shut.start()
    shut.delete()
finally:
    sandbox.delete()
