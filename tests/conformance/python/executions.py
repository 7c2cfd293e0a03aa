"""What the SDK does not know, over plain HTTP: executions that outlive their client, environment, metrics."""

import json
import os
import time
import urllib.error
import urllib.request

from daytona import CreateSandboxFromSnapshotParams, Daytona

daytona = Daytona()
sandbox = daytona.create(CreateSandboxFromSnapshotParams(target="us"))
base = f"{sandbox.toolbox_proxy_url}/{sandbox.id}"


def call(method, path, body=None):
    request = urllib.request.Request(
        base + path,
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {os.environ['DAYTONA_API_KEY']}", "Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


try:
    status, body = call("POST", "/process/execs", {"command": "echo begin; read line; echo got $line", "stdin": True})
    assert status == 201, (status, body)
    exec_id = json.loads(body)["id"]
    assert call("POST", f"/process/execs/{exec_id}/input", {"data": "text\n", "close": True})[0] == 204
    for _ in range(200):
        info = json.loads(call("GET", f"/process/execs/{exec_id}")[1])
        if not info["running"]:
            break
        time.sleep(0.05)
    assert info["exitCode"] == 0, info
    whole = call("GET", f"/process/execs/{exec_id}/output?follow=true")[1]
    assert whole == b"\x01\x01\x01begin\n\x01\x01\x01got text\n", whole
    assert call("GET", f"/process/execs/{exec_id}/output?offset=9")[1] == whole[9:]
    assert call("DELETE", f"/process/execs/{exec_id}")[0] == 204
    assert call("GET", f"/process/execs/{exec_id}")[0] == 404

    assert json.loads(call("POST", "/env", {"set": {"LATER": "yes"}})[1])["LATER"] == "yes"
    assert sandbox.process.exec("echo $LATER").result == "yes\n"
    metrics = json.loads(call("GET", "/system/metrics")[1])
    assert metrics["memTotal"] > 0 and metrics["diskFree"] > 0, metrics
    status, body = call("POST", "/computeruse/start", {})
    assert status == 503 and json.loads(body)["solution"], (status, body)
finally:
    sandbox.delete()
